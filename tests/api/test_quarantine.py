"""/v1/ops/quarantine is for operators."""

from sqlalchemy import update

from matcher.clock import now
from matcher.store.tables import Lot
from tests.api.conftest import Api
from tests.market import lot_body


def test_operators_list_and_release_what_was_set_aside_and_nobody_else_may(api: Api) -> None:
    producer, operator = api.as_new("producer"), api.as_new("operator")
    paths = [api.post("/v1/lots", json=lot_body(), headers=producer).headers["Location"] for _ in range(3)]
    wrong = {
        "quarantine": "unclearable",
        "quarantined_at": now(),
        "quarantine_traceback": "Traceback …\nNotOptimal: no",
    }
    with api.ledger.transaction() as session:
        session.execute(update(Lot).values(wrong))
    page = api.get("/v1/ops/quarantine?limit=2", headers=operator)
    rest = api.get(page.links["next"]["url"], headers=operator).json()["items"]
    found = page.json()["items"] + rest
    assert [f"/v1/lots/{each['id']}" for each in found] == paths[::-1]
    assert {each["error"] for each in found} == {"NotOptimal: no"}
    release = f"/v1/ops/quarantine/{found[0]['id']}/release"
    for path, method in (("/v1/ops/quarantine", "GET"), (release, "POST")):
        assert api.request(method, path, headers=producer).status_code == 403
    assert api.post(release, headers=operator).json()["reason"] == "unclearable"
    assert api.post(release, headers=operator).status_code == 404
    assert api.get(paths[2], headers=producer).json()["quarantine"] is None
    kept = api.get(paths[1], headers=producer).json()["quarantine"]
    assert kept["reason"] == "unclearable"
    assert "the fault is ours" in kept["en"]
