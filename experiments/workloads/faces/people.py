"""The two made-up people, A and B: what stays the same from picture to picture."""

from dataclasses import dataclass

Colour = tuple[float, float, float]


@dataclass(frozen=True)
class Person:
    """What stays the same from picture to picture; lengths in half picture widths."""

    skin: Colour
    hair: Colour
    eye: Colour
    lip: Colour
    shirt: Colour
    head: Colour  # half width, half height, half depth
    jaw: float  # how much narrower the jaw is than the cheeks
    hair_is_long: bool
    hairline: float  # height of its middle
    eye_apart: float
    eye_size: float
    eye_slant: float
    brow_thickness: float
    brow_arch: float
    nose_width: float
    nose_length: float
    nose_height: float
    mouth_width: float
    lip_fullness: float
    freckles: float
    beard: float
    wrinkles: float


PERSON_A = Person(
    skin=(0.93, 0.73, 0.62),
    hair=(0.52, 0.22, 0.09),
    eye=(0.25, 0.50, 0.36),
    lip=(0.78, 0.32, 0.33),
    shirt=(0.16, 0.36, 0.42),
    head=(0.58, 0.80, 0.66),
    jaw=0.26,
    hair_is_long=True,
    hairline=-0.56,
    eye_apart=0.25,
    eye_size=0.125,
    eye_slant=0.12,
    brow_thickness=0.022,
    brow_arch=0.055,
    nose_width=0.085,
    nose_length=0.36,
    nose_height=0.17,
    mouth_width=0.20,
    lip_fullness=0.062,
    freckles=1.0,
    beard=0.0,
    wrinkles=0.0,
)
PERSON_B = Person(
    skin=(0.62, 0.43, 0.31),
    hair=(0.15, 0.13, 0.12),
    eye=(0.30, 0.17, 0.08),
    lip=(0.55, 0.30, 0.27),
    shirt=(0.62, 0.60, 0.56),
    head=(0.63, 0.82, 0.68),
    jaw=0.10,
    hair_is_long=False,
    hairline=-0.57,
    eye_apart=0.265,
    eye_size=0.108,
    eye_slant=-0.06,
    brow_thickness=0.042,
    brow_arch=0.018,
    nose_width=0.125,
    nose_length=0.40,
    nose_height=0.20,
    mouth_width=0.235,
    lip_fullness=0.045,
    freckles=0.0,
    beard=1.0,
    wrinkles=1.0,
)
