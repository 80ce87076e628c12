"""A head with relief: where the ray of each pixel meets it, and its light."""

import torch
from torch import Tensor

from experiments.workloads.faces.painting import bell
from experiments.workloads.faces.people import Colour, Person

EYE_HEIGHT, MOUTH_HEIGHT = -0.08, 0.44  # on the head, y down, centre 0
VARIATIONS = (
    *("yaw", "pitch", "roll", "zoom", "right", "down"),
    *("light_from_x", "light_from_y", "light", "warmth", "ambient"),
    *("smile", "mouth_open", "brow_raise", "eye_open", "gaze_x", "gaze_y"),
    *("back_r", "back_g", "back_b", "back_turn", "back_blob_x", "back_blob_y"),
)


class Head:
    """The heads of one chunk of pictures; every image is (n, size, size), one channel.

    Screen and head axes: x to the right, y down, z to the viewer; the picture spans
    -1..1. `across` and `along` are x and y on the head, features included, so what is
    painted there turns with the head.
    """

    def __init__(self, person: Person, draws: Tensor, size: int) -> None:
        self.person = person
        self.pixel = 2.0 / size
        self.draws = dict(zip(VARIATIONS, draws.T[:, :, None, None], strict=True))
        axis = (torch.arange(size) + 0.5) * self.pixel - 1.0
        self.screen_x, self.screen_y = axis[None, None, :], axis[None, :, None]
        self._place()

    def between(self, name: str, low: float, high: float) -> Tensor:
        """The named variation of each picture, scaled to a range; (n, 1, 1)."""
        scaled: Tensor = low + (high - low) * self.draws[name]
        return scaled

    def _place(self) -> None:
        """Find what every pixel's ray meets: the bare head, then its relief."""
        person = self.person
        roll = self.between("roll", -0.16, 0.16)
        zoom = self.between("zoom", 0.82, 0.94)
        x = self.screen_x * zoom - self.between("right", -0.07, 0.07)
        y = self.screen_y * zoom - self.between("down", 0.03, 0.13)
        self.x = x * roll.cos() + y * roll.sin()
        self.y = y * roll.cos() - x * roll.sin()
        self.pixel_here = self.pixel * zoom

        yaw = self.between("yaw", -0.55, 0.55)
        pitch = self.between("pitch", -0.24, 0.24)
        self.yaw = yaw
        # Rows of the rotation from the head's axes to the screen's.
        self.to_right = (yaw.cos(), yaw.sin() * pitch.sin(), yaw.sin() * pitch.cos())
        self.to_down = (torch.zeros_like(yaw), pitch.cos(), -pitch.sin())
        self.to_viewer = (
            -yaw.sin(),
            yaw.cos() * pitch.sin(),
            yaw.cos() * pitch.cos(),
        )
        jaw = ((self.y - 0.05) / 0.75).clamp(0.0, 1.0)
        narrow_x = self.x / (1.0 - person.jaw * jaw.square())
        u, v, _, depth, inside = self.meet_ellipsoid(narrow_x, self.y, person.head)
        slope_u = self.to_viewer[0] / self.to_viewer[2]
        slope_v = self.to_viewer[1] / self.to_viewer[2]
        # A slanted ray meets relief before the ellipsoid: the nose far before it.
        height = self._nose(u, v)
        height = self._relief(u + slope_u * height, v + slope_v * height)
        across, along = u + slope_u * height, v + slope_v * height
        self.across, self.along = across, along
        self.depth = depth + height * self.to_viewer[2]
        self.covers = self.cover(inside)
        self.light = self.shade(self.depth)

    def meet_ellipsoid(
        self, x: Tensor, y: Tensor, axes: Colour
    ) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Where rays meet an ellipsoid at the origin, turned like the head.

        Returns:
            The point in head axes (x, y, z), its depth towards the viewer, and about
            how far inside the outline the ray is (negative: outside, where the point
            is the nearest on the outline's plane).
        """
        start = [
            x * right + y * down
            for right, down in zip(self.to_right, self.to_down, strict=True)
        ]
        squares = along_ray = product = torch.zeros(())
        for s, d, axis in zip(start, self.to_viewer, axes, strict=True):
            squares = squares + (s / axis).square()
            along_ray = along_ray + (d / axis).square()
            product = product + s * d / axis**2
        root = product.square() - along_ray * (squares - 1.0)
        depth = (root.clamp(min=0.0).sqrt() - product) / along_ray
        inside = (1.0 - (1.0 - root / along_ray).clamp(min=0.0).sqrt()) * axes[0]
        u, v, w = (s + depth * d for s, d in zip(start, self.to_viewer, strict=True))
        return u, v, w, depth, inside

    def _nose(self, across: Tensor, along: Tensor) -> Tensor:
        """How far the nose stands out from the ellipsoid."""
        person = self.person
        top = EYE_HEIGHT - 0.06
        tip = top + person.nose_length
        down_nose = ((along - top) / person.nose_length).clamp(0.0, 1.2)
        width = person.nose_width * (0.42 + 0.55 * down_nose)
        under_tip = torch.sigmoid((tip + 0.02 - along) / 0.024)
        ridge = 0.25 + 0.75 * down_nose.square()
        ridge = ridge * torch.sigmoid((along - top + 0.02) / 0.05)
        return person.nose_height * ridge * under_tip * bell(across, width)

    def _relief(self, across: Tensor, along: Tensor) -> Tensor:
        """How far all features stand out from the ellipsoid, sockets negative."""
        person = self.person
        side = across.abs()
        nose = self._nose(across, along)
        tip = EYE_HEIGHT - 0.06 + person.nose_length
        wings = (
            0.055
            * bell(side - 0.82 * person.nose_width, 0.04)
            * bell(along - tip + 0.03, 0.045)
        )
        sockets = (
            -0.075
            * bell(side - person.eye_apart + 0.03, 0.12)
            * bell(along - EYE_HEIGHT, 0.085)
        )
        brow = 0.05 * bell(along - EYE_HEIGHT + 0.16, 0.07) * bell(side, 0.42)
        cheeks = 0.05 * bell(side - 0.33, 0.13) * bell(along - 0.17, 0.13)
        lips = (
            0.045
            * bell(across, person.mouth_width * 0.8)
            * bell(along - MOUTH_HEIGHT, person.lip_fullness * 1.3)
        )
        under_lip = -0.03 * bell(across, 0.14) * bell(along - 0.565, 0.035)
        chin = 0.055 * bell(across, 0.16) * bell(along - 0.68, 0.08)
        return nose + wings + sockets + brow + cheeks + lips + under_lip + chin

    def shade(self, depth: Tensor) -> Tensor:
        """The light each pixel of a surface sends back, (n, 3, size, size)."""
        down, right = torch.gradient(depth, dim=(1, 2))
        scale = 1.0 / self.pixel_here
        normal_x, normal_y = -right * scale, -down * scale
        length = (normal_x.square() + normal_y.square() + 1.0).sqrt()
        from_x = self.between("light_from_x", -0.85, 0.85)
        from_y = self.between("light_from_y", -0.65, 0.15)
        from_z = 0.75
        reach = (from_x.square() + from_y.square() + from_z**2).sqrt()
        facing = (normal_x * from_x + normal_y * from_y + from_z) / (length * reach)
        diffuse = ((facing + 0.2) / 1.2).clamp(min=0.0)
        half_z = from_z + reach
        half = (from_x.square() + from_y.square() + half_z.square()).sqrt()
        gleam = (normal_x * from_x + normal_y * from_y + half_z) / (length * half)
        gleam = gleam.clamp(min=0.0) ** 24
        ambient = self.between("ambient", 0.22, 0.42)
        strength = self.between("light", 0.60, 0.88)
        warmth = self.between("warmth", -0.10, 0.10)
        tint = torch.stack([1.0 + warmth, torch.ones_like(warmth), 1.0 - warmth], 1)
        light = strength * diffuse + 0.10 * strength * gleam
        return ambient[:, None] + light[:, None] * tint

    def cover(self, inside: Tensor) -> Tensor:
        """The share of a pixel that is covered, from a distance inside an edge."""
        return (inside / self.pixel_here + 0.5).clamp(0.0, 1.0)

    def to_screen(self, point: Colour) -> tuple[Tensor, Tensor, Tensor]:
        """Where a point of the head is on the screen (before roll), and its depth."""
        rows = (self.to_right, self.to_down, self.to_viewer)
        x, y, z = (
            sum((a * p for a, p in zip(row, point, strict=True)), torch.zeros(()))
            for row in rows
        )
        return x, y, z
