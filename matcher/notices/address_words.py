"""What is said of where notices go: endpoints disabled or tested, contacts that nothing reaches."""

from matcher.notices.events import ContactBounced, EndpointTold
from matcher.notices.letter import InWords, Words

_WHY_DISABLED = {
    "gone": ("máy nhận đã trả lời 410 (không còn nữa)", "its server answered 410, gone"),
    "failing": ("máy nhận không nhận được thông báo nào trong năm ngày", "nothing got through for five days"),
}


def _endpoint_disabled_vi(told: EndpointTold, _links_begin: str) -> Words:
    return Words(
        f"Điểm nhận thông báo đã bị tắt: {told['url']}",
        f"""Điểm nhận thông báo (webhook) dưới đây đã bị tắt, vì {_WHY_DISABLED[told["reason"]][0]}.

Địa chỉ: {told["url"]}

Các thông báo vẫn được giữ trong danh sách. Hãy bật lại và gửi lại những thông báo còn thiếu.

Bật lại bằng API: PATCH /v1/endpoints/{told["endpoint_id"]}
""",
    )


def _endpoint_disabled_en(told: EndpointTold, _links_begin: str) -> Words:
    return Words(
        f"Endpoint disabled: {told['url']}",
        f"""The endpoint below no longer gets webhooks: {_WHY_DISABLED[told["reason"]][1]}.

Address: {told["url"]}

All notices are kept in your list. Enable it again and replay those it missed.

Enable it by the API: PATCH /v1/endpoints/{told["endpoint_id"]}
""",
    )


def _endpoint_test_vi(told: EndpointTold, _links_begin: str) -> Words:
    return Words(f"Thử điểm nhận: {told['url']}", f"{told['url']}: đây là thông báo thử.\n")


def _endpoint_test_en(told: EndpointTold, _links_begin: str) -> Words:
    return Words(f"Endpoint test: {told['url']}", f"{told['url']}: this is a test.\n")


def _contact_bounced_vi(told: ContactBounced, _links_begin: str) -> Words:
    return Words(
        f"Không gửi được tới {told['address']}",
        f"""Thông báo không tới được địa chỉ dưới đây, nên không gửi gì tới đó nữa cho đến khi địa chỉ \
được sửa hoặc được xác nhận là đúng. Các thông báo vẫn có trong danh sách.

Địa chỉ: {told["address"]}
Trả lời: {told["answer"]}

Sửa bằng API: PATCH /v1/contacts/{told["contact_id"]}
""",
    )


def _contact_bounced_en(told: ContactBounced, _links_begin: str) -> Words:
    return Words(
        f"Nothing reaches {told['address']}",
        f"""Nothing arrives at the address below, so nothing more is sent there until it is corrected or \
confirmed. All notices are kept in your list.

Address: {told["address"]}
Answer: {told["answer"]}

Correct it by the API: PATCH /v1/contacts/{told["contact_id"]}
""",
    )


OF_ADDRESSES: dict[tuple[str, str], InWords] = {
    ("endpoint.disabled", "vi"): _endpoint_disabled_vi,
    ("endpoint.disabled", "en"): _endpoint_disabled_en,
    ("endpoint.test", "vi"): _endpoint_test_vi,
    ("endpoint.test", "en"): _endpoint_test_en,
    ("contact.bounced", "vi"): _contact_bounced_vi,
    ("contact.bounced", "en"): _contact_bounced_en,
}
