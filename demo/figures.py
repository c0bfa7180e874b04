"""What the season is made from: who trades, where, how much and at what price. Sources: demo/README.md.

Prices are đồng per kg, at the farm gate for lots and before transport for demands; quantities are kg.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple


class Commune(NamedTuple):
    """A place of 2020: its full name and code then, its point, and the 2025 code it became part of."""

    name: str
    code: str
    latitude: float
    longitude: float
    code_2025: str


class Producer(NamedTuple):
    key: str
    name: str
    district: str
    communes: Sequence[Commune]


class Buyer(NamedTuple):
    """`kilometres` of great circle from Chi Lăng, for the transport that the buyer reckons with."""

    key: str
    name: str
    place: str | Mapping[str, str | float]
    kilometres: int
    language: Literal["vi", "en"] = "vi"


class Grade(NamedTuple):
    """`share` of the lots, in percent, and the range of their asking price."""

    key: str
    share: int
    low: int
    high: int


@dataclass(frozen=True)
class Trade:
    """One crop of the week. Lists that are drawn from name a value twice to make it twice as likely."""

    crop: str
    lots: int
    demands: int
    producers: Sequence[str]
    buyers: Sequence[str]
    grades: Sequence[Grade]
    lot_sizes: Sequence[int]
    demand_sizes: Sequence[int]
    varieties: Sequence[str] = ()
    package: tuple[str, int] | None = None
    cool_percent: int = 0
    vietgap_percent: int = 0
    shelf_life_wanted: Sequence[int] = (0,)
    has_flushes: bool = False


def _commune(name: str, district: str, code: str, latitude: float, longitude: float, now: str) -> Commune:
    return Commune(f"{name}, {district}, Tỉnh Lạng Sơn", code, latitude, longitude, now)


CHI_LANG = (
    _commune("Thị trấn Chi Lăng", "Huyện Chi Lăng", "06466", 21.5742, 106.5054, "06463"),
    _commune("Xã Chi Lăng", "Huyện Chi Lăng", "06523", 21.6013, 106.5231, "06463"),
    _commune("Thị trấn Đồng Mỏ", "Huyện Chi Lăng", "06463", 21.6627, 106.5731, "06463"),
    _commune("Xã Y Tịch", "Huyện Chi Lăng", "06520", 21.6061, 106.4759, "06505"),
    _commune("Xã Vạn Linh", "Huyện Chi Lăng", "06505", 21.6547, 106.4524, "06505"),
    _commune("Xã Quan Sơn", "Huyện Chi Lăng", "06517", 21.6232, 106.6203, "06517"),
    _commune("Xã Mai Sao", "Huyện Chi Lăng", "06484", 21.7073, 106.6173, "06496"),
    _commune("Xã Thượng Cường", "Huyện Chi Lăng", "06490", 21.6942, 106.5761, "06475"),
    _commune("Xã Gia Lộc", "Huyện Chi Lăng", "06475", 21.7207, 106.5503, "06475"),
    _commune("Xã Bằng Mạc", "Huyện Chi Lăng", "06493", 21.6844, 106.5157, "06475"),
)
HUU_LUNG = (
    _commune("Xã Cai Kinh", "Huyện Hữu Lũng", "06427", 21.5490, 106.4111, "06427"),
    _commune("Xã Yên Sơn", "Huyện Hữu Lũng", "06403", 21.5920, 106.4075, "06427"),
    _commune("Xã Đồng Tân", "Huyện Hữu Lũng", "06424", 21.5306, 106.3640, "06385"),
    _commune("Xã Hòa Lạc", "Huyện Hữu Lũng", "06430", 21.5430, 106.4700, "06445"),
    _commune("Xã Hồ Sơn", "Huyện Hữu Lũng", "06451", 21.4935, 106.3876, "06385"),
    _commune("Xã Hòa Thắng", "Huyện Hữu Lũng", "06460", 21.4305, 106.3817, "06457"),
    _commune("Xã Minh Sơn", "Huyện Hữu Lũng", "06448", 21.4838, 106.3111, "06457"),
    _commune("Xã Vân Nham", "Huyện Hữu Lũng", "06433", 21.5198, 106.2324, "06415"),
)
VAN_QUAN = (
    _commune("Xã Yên Phúc", "Huyện Văn Quan", "06319", 21.7866, 106.5415, "06298"),
    _commune("Thị trấn Văn Quan", "Huyện Văn Quan", "06253", 21.8629, 106.5378, "06253"),
)
BINH_GIA = (_commune("Xã Tân Văn", "Huyện Bình Gia", "06121", 21.9135, 106.4178, "06115"),)
TRANG_DINH = (
    _commune("Xã Đề Thám", "Huyện Tràng Định", "06046", 22.2176, 106.4347, "06046"),
    _commune("Thị trấn Thất Khê", "Huyện Tràng Định", "06040", 22.2567, 106.4731, "06040"),
)
CAO_LOC = (_commune("Xã Gia Cát", "Huyện Cao Lộc", "06235", 21.8181, 106.8331, "06187"),)
LANG_SON = (_commune("Xã Hoàng Đồng", "Thành phố Lạng Sơn", "05986", 21.8954, 106.7429, "05986"),)
BAC_SON = (_commune("Xã Nhất Hòa", "Huyện Bắc Sơn", "06376", 21.7663, 106.2640, "06376"),)
LOC_BINH = (_commune("Xã Đông Quan", "Huyện Lộc Bình", "06592", 21.6892, 106.9248, "06526"),)
DINH_LAP = (_commune("Thị trấn Đình Lập", "Huyện Đình Lập", "06613", 21.5512, 107.0923, "06613"),)
VAN_LANG = (_commune("Xã Hoàng Việt", "Huyện Văn Lãng", "06157", 22.0413, 106.6225, "06124"),)

PRODUCERS = (
    *(
        Producer(f"na-chi-lang-{n}", f"Hợp tác xã na Chi Lăng số {n}", "Chi Lăng", communes)
        for n, communes in enumerate(
            (CHI_LANG[:2], CHI_LANG[1:3], CHI_LANG[3:5], CHI_LANG[5:6], CHI_LANG[6:8], CHI_LANG[:4]), start=1
        )
    ),
    *(
        Producer(f"na-huu-lung-{n}", f"Hợp tác xã na Hữu Lũng số {n}", "Hữu Lũng", communes)
        for n, communes in enumerate((HUU_LUNG[:2], HUU_LUNG[2:4], HUU_LUNG[4:6], HUU_LUNG[:5]), start=1)
    ),
    Producer("nhan-huu-lung-1", "Hợp tác xã nhãn Hữu Lũng số 1", "Hữu Lũng", HUU_LUNG[5:7]),
    Producer("nhan-huu-lung-2", "Hợp tác xã nhãn Hữu Lũng số 2", "Hữu Lũng", HUU_LUNG[6:]),
    Producer("thanh-long-huu-lung", "Hợp tác xã thanh long Hữu Lũng", "Hữu Lũng", HUU_LUNG[6:]),
    Producer("thanh-long-loc-binh", "Hợp tác xã cây ăn quả Lộc Bình", "Lộc Bình", LOC_BINH),
    Producer("rau-chi-lang-1", "Hợp tác xã rau đặc sản Chi Lăng số 1", "Chi Lăng", CHI_LANG[7:9]),
    Producer("rau-chi-lang-2", "Hợp tác xã rau đặc sản Chi Lăng số 2", "Chi Lăng", CHI_LANG[8:]),
    Producer("rau-cao-loc", "Hợp tác xã rau Cao Lộc", "Cao Lộc", CAO_LOC),
    Producer("rau-lang-son", "Hợp tác xã rau Thành phố Lạng Sơn", "Thành phố Lạng Sơn", LANG_SON),
    Producer("mang-bac-son", "Hợp tác xã măng Bắc Sơn", "Bắc Sơn", BAC_SON),
    Producer("nong-san-dinh-lap", "Hợp tác xã nông sản Đình Lập", "Đình Lập", DINH_LAP),
    Producer("hoi-van-quan-1", "Hợp tác xã hồi Văn Quan số 1", "Văn Quan", VAN_QUAN),
    Producer("hoi-van-quan-2", "Hợp tác xã hồi Văn Quan số 2", "Văn Quan", VAN_QUAN[1:]),
    Producer("hoi-binh-gia", "Hợp tác xã hồi Bình Gia", "Bình Gia", BINH_GIA),
    Producer("hoi-van-lang", "Hợp tác xã hồi Văn Lãng", "Văn Lãng", VAN_LANG),
    Producer("thach-den-trang-dinh", "Hợp tác xã thạch đen Tràng Định", "Tràng Định", TRANG_DINH),
    Producer("cao-kho-van-linh", "Tổ hợp tác cao khô Vạn Linh", "Chi Lăng", CHI_LANG[4:5]),
)

BUYERS = (
    Buyer("long-bien-1", "Đầu mối hoa quả Long Biên số 1", "Phường Phúc Tân, Quận Hoàn Kiếm, Hà Nội", 93),
    Buyer("long-bien-2", "Đầu mối hoa quả Long Biên số 2", {"code": "00145", "vintage": "2025"}, 92),
    Buyer("hoang-mai", "Đầu mối nông sản phía Nam Hà Nội", {"code": "00337", "vintage": "legacy"}, 100),
    Buyer("sieu-thi-ha-noi", "Chuỗi siêu thị Hà Nội số 1", "Hà Nội", 96),
    Buyer("rau-sach-ha-noi", "Chuỗi rau sạch Hà Nội số 2", {"code": "00163", "vintage": "legacy"}, 100),
    Buyer("bac-ninh", "Đầu mối nông sản Bắc Ninh", "Phường Võ Cường, Thành phố Bắc Ninh", 69),
    Buyer("bep-bac-ninh", "Bếp ăn công nghiệp Bắc Ninh số 1", {"code": "09367", "vintage": "legacy"}, 79),
    Buyer("bac-giang", "Đầu mối hoa quả Bắc Giang số 1", {"code": "07210", "vintage": "2025"}, 47),
    Buyer(
        "xuat-khau-bac-giang",
        "Công ty xuất khẩu trái cây Bắc Giang",
        "Phường Dĩnh Kế, Tỉnh Bắc Giang",
        47,
        "en",
    ),
    Buyer("hai-phong", "Đầu mối hoa quả Hải Phòng số 1", {"latitude": 20.8591, "longitude": 106.6844}, 84),
    Buyer("gia-vi-hai-phong", "Công ty xuất khẩu gia vị Hải Phòng", "Hải Phòng", 86, "en"),
    Buyer("ha-long", "Đầu mối nông sản Hạ Long", {"code": "06688", "vintage": "2025"}, 89),
    Buyer("sieu-thi-quang-ninh", "Chuỗi siêu thị Quảng Ninh số 1", "Hạ Long, Quảng Ninh", 89),
    Buyer("thu-duc", "Đầu mối Thủ Đức, Thành phố Hồ Chí Minh", {"code": "26803", "vintage": "legacy"}, 1194),
    Buyer("sieu-thi-hcm", "Chuỗi siêu thị Thành phố Hồ Chí Minh số 1", "Thành phố Hồ Chí Minh", 1199),
    Buyer("da-nang", "Đầu mối nông sản Đà Nẵng", "Đà Nẵng", 642),
)

# Relative to the middle of the season; share of this week's lots in percent.
FLUSHES = ((15, 130), (65, 100), (20, 80))

NA_CHI_LANG = tuple(f"na-chi-lang-{n}" for n in range(1, 7))
NA_HUU_LUNG = tuple(f"na-huu-lung-{n}" for n in range(1, 5))
NEAR = ("long-bien-1", "long-bien-2", "hoang-mai", "bac-ninh", "bac-giang", "hai-phong", "ha-long")
SHOPS = ("sieu-thi-ha-noi", "sieu-thi-quang-ninh")
FAR = ("thu-duc", "sieu-thi-hcm", "da-nang")
VEGETABLE_BUYERS = ("rau-sach-ha-noi", "sieu-thi-ha-noi", "hoang-mai", "bep-bac-ninh", "bac-ninh", "ha-long")
SPICE_BUYERS = ("gia-vi-hai-phong", "gia-vi-hai-phong", "xuat-khau-bac-giang", "hoang-mai", "thu-duc")

TRADES = (
    Trade(
        "custard_apple", 190, 76, NA_CHI_LANG * 2 + NA_HUU_LUNG, NEAR * 2 + SHOPS * 2 + FAR,
        (Grade("grade_1", 30, 50_000, 62_000), Grade("grade_2", 45, 22_000, 29_000),
         Grade("grade_3", 25, 8_000, 11_000)),
        (50, 150, 300, 500, 500, 800, 1_000, 1_000, 1_200, 1_500, 2_000, 2_000, 2_500, 3_000,
         4_000, 6_000, 9_000),
        (500, 1_000, 1_500, 2_000, 2_500, 3_000, 3_000, 4_000, 5_000, 6_000, 8_000),
        ("na_dai",), ("crate", 20), 30, 35, (1, 1, 1, 2), True,
    ),
    Trade(
        "longan", 38, 17, ("nhan-huu-lung-1", "nhan-huu-lung-2", "na-huu-lung-4"), (*NEAR, *SHOPS),
        (Grade("grade_1", 40, 12_000, 15_000), Grade("grade_2", 40, 9_500, 12_000),
         Grade("grade_3", 20, 7_500, 9_000)),
        (300, 500, 800, 1_000, 1_500, 2_000, 3_000, 4_000), (500, 1_000, 1_500, 2_000, 3_000),
        ("nhan_long", "nhan_long", "nhan_xuong"), ("foam_box", 10), shelf_life_wanted=(0, 1),
    ),
    Trade(
        "dragon_fruit", 20, 9, ("thanh-long-huu-lung", "thanh-long-loc-binh"), (*NEAR, "da-nang"),
        (Grade("grade_1", 60, 5_500, 7_000), Grade("grade_2", 40, 3_500, 5_000)),
        (500, 1_000, 1_500, 2_000, 3_000, 5_000), (1_000, 2_000, 3_000, 4_000),
        ("white_flesh",), ("crate", 20), shelf_life_wanted=(1, 2),
    ),
    Trade(
        "bo_khai", 18, 9, ("rau-chi-lang-1", "rau-chi-lang-2"), VEGETABLE_BUYERS,
        (Grade("grade_1", 60, 38_000, 46_000), Grade("grade_2", 40, 30_000, 36_000)),
        (50, 80, 100, 100, 150, 200, 300), (50, 100, 200, 300), package=("foam_box", 5),
    ),
    Trade(
        "chinese_kale", 18, 9, ("rau-lang-son", "rau-cao-loc"), VEGETABLE_BUYERS,
        (Grade("grade_1", 60, 10_000, 14_000), Grade("grade_2", 40, 7_000, 9_000)),
        (100, 200, 300, 500, 800), (200, 300, 500, 1_000), package=("foam_box", 5), vietgap_percent=30,
    ),
    Trade(
        "bamboo_shoot", 12, 6, ("mang-bac-son", "nong-san-dinh-lap"), VEGETABLE_BUYERS,
        (Grade("grade_2", 100, 12_000, 17_000),),
        (200, 300, 500, 1_000, 1_500), (300, 500, 1_000), package=("crate", 20),
    ),
    Trade(
        "star_anise", 22, 15,
        ("hoi-van-quan-1", "hoi-van-quan-2", "hoi-binh-gia", "hoi-van-lang"), SPICE_BUYERS,
        (Grade("whole_selected", 30, 150_000, 175_000), Grade("whole", 50, 125_000, 140_000),
         Grade("broken", 20, 85_000, 100_000)),
        (200, 500, 1_000, 1_000, 2_000, 3_000, 5_000), (1_000, 2_000, 3_000, 5_000, 8_000),
        package=("sack", 25), shelf_life_wanted=(180, 240, 300),
    ),
    Trade(
        "black_jelly_powder", 6, 3, ("thach-den-trang-dinh",), ("sieu-thi-ha-noi", "sieu-thi-hcm", "thu-duc"),
        (Grade("standard", 100, 170_000, 200_000),),
        (100, 200, 300, 500), (100, 200, 400), package=("carton", 10), shelf_life_wanted=(90, 120),
    ),
    Trade(
        "dried_rice_noodle", 5, 3, ("cao-kho-van-linh",),
        ("sieu-thi-ha-noi", "sieu-thi-quang-ninh", "thu-duc"),
        (Grade("standard", 100, 42_000, 50_000),),
        (100, 200, 300), (100, 200, 300), package=("carton", 10), shelf_life_wanted=(90, 120),
    ),
    Trade(
        "star_anise_oil", 3, 2, ("hoi-van-quan-1",), ("gia-vi-hai-phong", "xuat-khau-bac-giang"),
        (Grade("standard", 100, 380_000, 430_000),), (20, 50, 100), (30, 50, 80), shelf_life_wanted=(180,),
    ),
    Trade(
        "banana", 8, 4, ("nong-san-dinh-lap", "mang-bac-son"), ("bac-giang", "bac-ninh", "bep-bac-ninh"),
        (Grade("grade_1", 50, 7_000, 9_000), Grade("grade_2", 50, 4_500, 6_000)),
        (500, 1_000, 2_000, 3_000), (500, 1_000, 2_000), ("chuoi_tay", "chuoi_tieu"), shelf_life_wanted=(1,),
    ),
)  # fmt: skip
