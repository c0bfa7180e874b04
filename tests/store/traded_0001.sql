-- A small market as the first release wrote it (migration 0001): a row or two of every table.
-- Of the two matches one is of a lot that was set aside later.
INSERT INTO party (id, kind, name, created_at) VALUES
    ('00000000-0000-7000-8000-000000000001', 'producer', 'Hợp tác xã', '2020-08-20T01:00:00Z'),
    ('00000000-0000-7000-8000-000000000002', 'buyer', 'Chợ đầu mối', '2020-08-20T01:00:00Z');
INSERT INTO api_key (id, party_id, digest, label) VALUES
    ('00000000-0000-7000-8000-000000000011', '00000000-0000-7000-8000-000000000001', '\x0123', 'first');
INSERT INTO endpoint (id, party_id, url, secret) VALUES
    ('00000000-0000-7000-8000-000000000021', '00000000-0000-7000-8000-000000000002',
     'https://erp.example.vn/hook', 'whsec_AAAA');
INSERT INTO book (crop, version, cleared_version, changed_at) VALUES
    ('custard_apple', 7, 7, '2020-08-21T03:00:00Z'), ('longan', 1, 0, '2020-08-21T03:00:00Z');
INSERT INTO lot (id, party_id, crop, grade, quantity_g, taken_g, ask, harvest_from, harvest_until, storage,
                 certificates, forecast, place_name, latitude, longitude, quarantine, posted_at, expires_on)
SELECT id::uuid, '00000000-0000-7000-8000-000000000001', 'custard_apple', grade, 1000000, 300000, 20000,
       '2020-08-20', '2020-08-22', 'ambient', '[]', false, 'Chi Lăng', 21.6, 106.6, quarantine,
       '2020-08-21T02:00:00Z', '2020-08-30'
FROM (VALUES ('00000000-0000-7000-8000-000000000031', 'grade_1', NULL),
             ('00000000-0000-7000-8000-000000000032', 'grade_9', 'KeyError: ''grade_9''')) v (id, grade, quarantine);
INSERT INTO demand (id, party_id, crop, varieties, min_grade, quantity_g, taken_g, bid, deliver_from, deliver_until,
                    certificates_required, market, min_shelf_life_days, place_name, latitude, longitude, state,
                    posted_at, expires_on) VALUES
    ('00000000-0000-7000-8000-000000000041', '00000000-0000-7000-8000-000000000002', 'custard_apple', '{}',
     'grade_3', 600000, 600000, 40000, '2020-08-21', '2020-08-24', '{}', 'VN', 2, 'Hà Nội', 21.0, 105.8, 'filled',
     '2020-08-21T02:00:00Z', '2020-08-24');
INSERT INTO clearing (id, crop, book_version, started_at, finished_at, lots, demands, matches, welfare, upper_bound,
                      optimal, method, input) VALUES
    ('00000000-0000-7000-8000-000000000051', 'custard_apple', 6, '2020-08-21T03:00:00Z', '2020-08-21T03:00:01Z',
     2, 1, 2, 12, 12, true, 'exact', '\x0123');
INSERT INTO match (id, clearing_id, lot_id, demand_id, seller_id, buyer_id, crop, quantity_g, ask, bid, transport,
                   freshness_penalty, price, value, distance_m, pick_day, leave_day, delivery_day, made_at)
SELECT ('00000000-0000-7000-8000-00000000006' || n)::uuid, '00000000-0000-7000-8000-000000000051',
       ('00000000-0000-7000-8000-00000000003' || n)::uuid, '00000000-0000-7000-8000-000000000041',
       '00000000-0000-7000-8000-000000000001', '00000000-0000-7000-8000-000000000002', 'custard_apple', 300000,
       20000, 40000, 500, 0, 29750, 19500, 150000, '2020-08-21', '2020-08-21', '2020-08-22', '2020-08-21T03:00:01Z'
FROM generate_series(1, 2) n;
INSERT INTO contract_series (series, year, last_serial) VALUES ('HĐMB-LS', 2020, 2);
INSERT INTO contract (id, match_id, seller_id, buyer_id, series, year, serial, number, terms, drafted_at, deadline_at)
SELECT ('00000000-0000-7000-8000-00000000007' || n)::uuid, ('00000000-0000-7000-8000-00000000006' || n)::uuid,
       '00000000-0000-7000-8000-000000000001', '00000000-0000-7000-8000-000000000002', 'HĐMB-LS', 2020, n,
       '000' || n || '/2020/HĐMB-LS', '{"price": 29750}', '2020-08-21T03:00:01Z', '2020-08-21T15:00:01Z'
FROM generate_series(1, 2) n;
INSERT INTO document (contract_id, version, media_type, content, asked_at, rendered_at)
SELECT id, 1, 'text/html', '\x3c70', drafted_at, drafted_at FROM contract;
INSERT INTO event (id, kind, subject_id, subject_version, data, occurred_at)
SELECT ('00000000-0000-7000-8000-00000000008' || n)::uuid, 'match.made',
       ('00000000-0000-7000-8000-00000000006' || n)::uuid, 1, '{"price": 29750}', '2020-08-21T03:00:01Z'
FROM generate_series(1, 2) n;
INSERT INTO event (id, kind, subject_id, subject_version, data, occurred_at) VALUES
    ('00000000-0000-7000-8000-000000000083', 'order.quarantined', '00000000-0000-7000-8000-000000000032', 2,
     '{"reason": "KeyError: ''grade_9''"}', '2020-08-21T04:00:00Z');
INSERT INTO notice (id, event_id, party_id)
SELECT gen_random_uuid(), event.id, party.id FROM event, party
WHERE event.kind = 'match.made' OR party.kind = 'producer';
INSERT INTO delivery (id, notice_id, channel, address, state, due_at, delivered_at)
SELECT gen_random_uuid(), id, 'webhook', 'https://erp.example.vn/hook', 'delivered', '2020-08-21T03:00:01Z',
       '2020-08-21T03:00:02Z'
FROM notice WHERE party_id = '00000000-0000-7000-8000-000000000002';
INSERT INTO attempt (id, delivery_id, started_at, finished_at, succeeded, answer)
SELECT gen_random_uuid(), id, due_at, delivered_at, true, '200 ok' FROM delivery;
INSERT INTO heartbeat (name, kind, queues, beaten_at) VALUES
    ('clearing@a', 'worker', '{clearing}', '2020-08-21T03:00:00Z');
