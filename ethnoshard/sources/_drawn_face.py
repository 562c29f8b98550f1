"""One drawn portrait: who it is (traits), how it was taken (a shot), and the drawing of the two.

Lengths are in *heads*, half the height of the head: the crown is at y = -1, the chin at y = +1, x points to the
right, y down, z towards the camera. Colours are RGB from 0 to 255, as floats. Angles are in radians.
"""

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Array = NDArray[np.float64]
Pixels = NDArray[np.float32]

OVERSAMPLING = 3
"""Edges are drawn this many times larger, then averaged, so that they come out smooth."""

TONES = ((216, 176, 146), (172, 190, 152), (204, 168, 204), (150, 170, 196))
"""The middle of each group's head colours: tan, grey-green, lilac, slate. Paints; none of them is a people's."""

HAIRS = (
    ((66, 44, 34), (150, 64, 40), (204, 160, 92)),
    ((34, 62, 54), (104, 112, 52), (40, 42, 44)),
    ((84, 40, 96), (156, 70, 122), (50, 40, 72)),
    ((30, 42, 74), (64, 98, 134), (188, 196, 206)),
)
"""The hair colours that a group draws from."""

EYES = ((88, 58, 38), (60, 104, 140), (72, 112, 74), (110, 104, 112), (138, 98, 40))
"""Colours of the iris; every group has all of them."""

WHITE = (244.0, 243.0, 240.0)
DARK = (34.0, 24.0, 28.0)

Drawer = np.random.Generator


@dataclass(frozen=True, kw_only=True)
class Traits:
    """What all images of an identity share. Lengths in heads."""

    tone: Array
    hair: Array
    iris: Array
    lips: Array
    half_width: float
    jaw: float  # 1.7 is pointed, 3 is square
    eye_distance: float  # from the middle of the face
    eye_y: float
    eye_width: float  # half of it
    eye_height: float  # half of it, wide open
    eye_tilt: float
    brow_gap: float
    brow_thickness: float
    brow_arch: float
    brow_tilt: float
    nose_y: float
    nose_width: float
    nose_depth: float
    mouth_y: float
    mouth_width: float
    lip: float
    ear: float
    neck: float
    bald: bool
    hairline: float
    hair_slope: float
    hair_part: float
    hair_volume: float
    hair_side: float
    hair_length: float
    wave: float
    waves: int
    wave_phase: float
    beard: float  # 0 is none, else how strongly it is coloured
    glasses: bool
    moles: Array  # (n, 2)

    @classmethod
    def draw(cls, rng: Drawer, group: int) -> Self:
        """Draw a person of ``group``: only the colours of head and hair depend on it."""
        eye_distance = rng.uniform(0.25, 0.35)
        tone = np.array(TONES[group]) * rng.uniform(0.82, 1.12) + rng.normal(0, 6, 3)
        hairs = HAIRS[group]
        return cls(
            tone=tone.clip(60, 245),
            hair=(np.array(hairs[rng.integers(len(hairs))]) * rng.uniform(0.8, 1.2)).clip(10, 235),
            iris=np.array(EYES[rng.integers(len(EYES))]) * rng.uniform(0.85, 1.15),
            lips=np.array((176, 84, 88)) * rng.uniform(0.8, 1.1),
            half_width=rng.uniform(0.66, 0.82),
            jaw=rng.uniform(1.8, 3.0),
            eye_distance=eye_distance,
            eye_y=rng.uniform(-0.08, 0.06),
            eye_width=min(rng.uniform(0.12, 0.17), 0.5 * eye_distance),
            eye_height=rng.uniform(0.055, 0.085),
            eye_tilt=rng.uniform(-0.12, 0.12),
            brow_gap=rng.uniform(0.14, 0.22),
            brow_thickness=rng.uniform(0.025, 0.065),
            brow_arch=rng.uniform(0.01, 0.07),
            brow_tilt=rng.uniform(-0.15, 0.15),
            nose_y=rng.uniform(0.30, 0.40),
            nose_width=rng.uniform(0.09, 0.15),
            nose_depth=rng.uniform(0.10, 0.18),
            mouth_y=rng.uniform(0.56, 0.64),
            mouth_width=rng.uniform(0.20, 0.30),
            lip=rng.uniform(0.03, 0.08),
            ear=rng.uniform(0.15, 0.23),
            neck=rng.uniform(0.36, 0.48),
            bald=bool(rng.random() < 0.08),
            hairline=rng.uniform(-0.72, -0.42),
            hair_slope=rng.uniform(-0.25, 0.25),
            hair_part=rng.uniform(-0.15, 0.35),
            hair_volume=rng.uniform(0.04, 0.2),
            hair_side=rng.uniform(-0.25, 0.15),
            hair_length=rng.choice([0.0, rng.uniform(0.5, 1.4)]),
            wave=rng.choice([0.0, rng.uniform(0.01, 0.035)]),
            waves=int(rng.integers(7, 22)),
            wave_phase=rng.uniform(0, 2 * math.pi),
            beard=rng.choice([0.0, rng.uniform(0.25, 0.7)], p=[0.8, 0.2]),
            glasses=bool(rng.random() < 0.12),
            moles=rng.uniform((-0.45, 0.15), (0.45, 0.8), (int(rng.integers(0, 4)), 2)),
        )

    def half_width_at(self, y: Array) -> Array:
        """Half the width of the head at the heights ``y``."""
        widest = -0.1
        above = ((widest - y) / (widest + 1)).clip(0, 1)
        below = ((y - widest) / (1 - widest)).clip(0, 1)
        outline = np.where(y < widest, (1 - above**2.3) ** 0.5, (1 - below**self.jaw) ** 0.62)
        return self.half_width * outline

    def depth_at(self, x: Array, y: Array) -> Array:
        """How far the face stands forward at (x, y): an ellipsoid."""
        depth: Array = 0.75 * np.sqrt((1 - (x / (1.12 * self.half_width)) ** 2 - (y / 1.25) ** 2).clip(0, 1))
        return depth


@dataclass(frozen=True, kw_only=True)
class Shot:
    """What differs between the images of an identity."""

    yaw: float
    pitch: float
    roll: float
    head: float  # half the head's height as a share of the image's side
    centre: Array  # of the head, as a share of the image's side
    light: Array  # unit vector towards the light
    contrast: float  # share of the light that has a direction
    exposure: float
    warmth: Array  # a factor for each colour
    smile: float
    open_mouth: float
    open_eyes: float
    raised_brows: float
    gaze: Array
    backdrop: Array  # (4, 4, 3) colours, blurred into a background
    shirt: Array
    blur: float  # share of a doubly smoothed image
    noise: float  # standard deviation, in grey levels

    @classmethod
    def draw(cls, rng: Drawer) -> Self:
        """Draw an occasion. Nothing here knows who is portrayed."""
        light = np.array((rng.uniform(-1.0, 1.0), rng.uniform(-1.0, 0.1), 1.0))
        return cls(
            yaw=_angle(rng, 0.2),
            pitch=_angle(rng, 0.09),
            roll=_angle(rng, 0.1),
            head=rng.uniform(0.29, 0.35),
            centre=np.array((0.5, 0.49)) + rng.uniform(-0.06, 0.06, 2),
            light=light / np.linalg.norm(light),
            contrast=rng.uniform(0.35, 0.75),
            exposure=rng.uniform(0.8, 1.12),
            warmth=1 + rng.normal(0, 0.035, 3),
            smile=rng.uniform(-0.03, 0.09),
            open_mouth=max(0.0, rng.uniform(-0.1, 0.09)),
            open_eyes=rng.uniform(0.7, 1.1),
            raised_brows=rng.uniform(-0.02, 0.05),
            gaze=rng.uniform(-1, 1, 2) * (0.35, 0.15),
            backdrop=(rng.uniform(60, 210) + rng.normal(0, 22, 3) + rng.normal(0, 18, (4, 4, 3))).clip(0, 255),
            shirt=(rng.uniform(50, 200) + rng.normal(0, 35, 3)).clip(0, 255),
            blur=max(0.0, rng.uniform(-0.5, 0.8)),
            noise=rng.uniform(0.5, 5),
        )


class Portrait:
    """The drawing of one shot of one person, on an oversampled canvas."""

    def __init__(self, who: Traits, shot: Shot, size: int) -> None:
        self.who, self.shot, self.size = who, shot, size
        side = size * OVERSAMPLING
        backdrop = Image.fromarray(shot.backdrop.astype(np.uint8))
        self._image = backdrop.resize((side, side), Image.Resampling.BICUBIC)
        self._mask = Image.new("L", (side, side))
        self._brush, self._stencil = ImageDraw.Draw(self._image), ImageDraw.Draw(self._mask)
        self._scale = shot.head * side

    def pixels(self, rng: Drawer) -> NDArray[np.uint8]:
        """Draw everything from back to front, light it, and photograph it with the shot's blur and noise.

        Returns:
            (size, size, 3) uint8, RGB.
        """
        self._hair_behind()
        self._shoulders()
        self._ears()
        self._head()
        self._nose()
        self._mouth()
        for side in (-1, 1):
            self._eye(side)
            self._brow(side)
        self._hair_in_front()
        if self.who.glasses:
            self._glasses()
        flat = np.asarray(self._image.reduce(OVERSAMPLING), np.float32)
        mask = np.asarray(self._mask.reduce(OVERSAMPLING), np.float32)[..., None] / 255
        brightness = (1 + mask * (self._light()[..., None] - 1)).astype(np.float32)
        lit: Pixels = flat * brightness * (self.shot.warmth * self.shot.exposure).astype(np.float32)
        if self.shot.blur:
            lit += np.float32(self.shot.blur) * (_smoothed(lit) - lit)
        lit += np.float32(self.shot.noise) * rng.standard_normal(lit.shape, np.float32)
        return lit.clip(0, 255).astype(np.uint8)

    # Where things are.

    def _turned(self, x: Array, y: Array, z: Array) -> Array:
        """Canvas coordinates (n, 2) of points that turn with the head, a little larger when nearer."""
        shot = self.shot
        x, z = x * math.cos(shot.yaw) + z * math.sin(shot.yaw), z * math.cos(shot.yaw) - x * math.sin(shot.yaw)
        y, z = y * math.cos(shot.pitch) - z * math.sin(shot.pitch), z * math.cos(shot.pitch) + y * math.sin(shot.pitch)
        return self._rolled(x * (1 + 0.08 * z), y * (1 + 0.08 * z))

    def _rolled(self, x: Array, y: Array) -> Array:
        cos, sin = math.cos(self.shot.roll), math.sin(self.shot.roll)
        turned = np.stack((x * cos - y * sin, x * sin + y * cos), -1)
        return self.shot.centre * self.size * OVERSAMPLING + self._scale * turned

    def _on_face(self, x: Array, y: Array) -> Array:
        return self._turned(x, y, self.who.depth_at(x, y))

    def _on_outline(self, x: Array, y: Array) -> Array:
        """Like ``_turned`` for points of the silhouette: turning the head moves the chin, and narrows nothing."""
        z = 0.05 + 0.38 * ((y + 0.1) / 1.1).clip(0, 1) ** 1.5
        return self._rolled(x + z * math.sin(self.shot.yaw), y - z * math.sin(self.shot.pitch))

    # How paint is laid on.

    def _fill(self, points: Array, colour: Array | tuple[float, ...]) -> None:
        corners = [(float(x), float(y)) for x, y in points]
        self._brush.polygon(corners, fill=_paint(colour))
        self._stencil.polygon(corners, fill=255)

    def _stroke(self, points: Array, colour: Array | tuple[float, ...], width: float) -> None:
        corners = [(float(x), float(y)) for x, y in points]
        self._brush.line(corners, fill=_paint(colour), width=max(1, round(width * self._scale)), joint="curve")

    # What is drawn, from back to front.

    def _waved(self, angles: Array) -> Array:
        return 1 + self.who.wave * np.sin(self.who.waves * angles + self.who.wave_phase)

    def _hair_behind(self) -> None:
        who = self.who
        if who.bald or not who.hair_length:
            return
        angles = np.linspace(math.pi, 2 * math.pi, 40)
        wave = self._waved(angles)
        wide = who.half_width * (1 + who.hair_volume) + 0.06
        x, y = wide * np.cos(angles) * wave, -0.1 + (0.92 + who.hair_volume) * np.sin(angles) * wave
        ends = np.array((wide * 1.06, wide * 0.8, -wide * 0.8, -wide * 1.06))
        falls = np.array((who.hair_length - 0.15, who.hair_length, who.hair_length, who.hair_length - 0.15))
        self._fill(self._on_outline(np.concatenate((x, ends)), np.concatenate((y, falls))), who.hair * 0.72)

    def _shoulders(self) -> None:
        who = self.who
        neck = np.array(((-who.neck, 0.5), (who.neck, 0.5), (who.neck * 1.1, 1.5), (-who.neck * 1.1, 1.5)))
        self._fill(self._rolled(neck[:, 0], neck[:, 1]), who.tone * 0.72)
        angles = np.linspace(math.pi, 2 * math.pi, 30)
        x, y = 1.5 * np.cos(angles), 2.3 + 1.0 * np.sign(np.sin(angles)) * np.abs(np.sin(angles)) ** 0.7
        down = np.array((2.0, -2.0))
        self._fill(self._rolled(np.append(x, 1.1 * down), np.append(y, [3.5, 3.5])), self.shot.shirt)
        x = who.neck * 1.25 * np.cos(angles)
        self._fill(self._rolled(x, 1.3 - 0.28 * np.sin(angles)), who.tone * 0.72)

    def _ears(self) -> None:
        who = self.who
        angles = np.linspace(0, 2 * math.pi, 24)
        for side in (-1, 1):
            for size, shade in ((1.0, 0.9), (0.6, 0.74)):
                x = side * (who.half_width * 0.99 + 0.03) + 0.5 * size * who.ear * np.cos(angles)
                y = 0.08 + size * who.ear * np.sin(angles)
                self._fill(self._turned(x, y, np.full_like(x, -0.1)), who.tone * shade)

    def _head(self) -> None:
        who = self.who
        y = -np.cos(np.linspace(0, math.pi, 48))
        x = who.half_width_at(y)
        self._fill(self._on_outline(np.concatenate((x, -x[::-1])), np.concatenate((y, y[::-1]))), who.tone)
        if who.beard:
            self._beard()
        angles = np.linspace(0, 2 * math.pi, 9)
        for x0, y0 in who.moles:
            self._fill(self._on_face(x0 + 0.02 * np.cos(angles), y0 + 0.02 * np.sin(angles)), who.tone * 0.5)

    def _beard(self) -> None:
        who = self.who
        y = np.linspace(0.3, 1, 24)
        x = who.half_width_at(y)
        across = np.linspace(-1, 1, 30)
        inner_x = across * x[0]
        inner_y = 0.3 + (who.mouth_y - 0.43) * np.sqrt(1 - across**2 * 0.999) + 0.06 * np.cos(3 * across)
        outer = self._on_outline(np.concatenate((x, -x[::-1])), np.concatenate((y, y[::-1])))
        points = np.concatenate((outer, self._on_face(inner_x, inner_y)))
        self._fill(points, who.tone + who.beard * (who.hair - who.tone))

    def _nose(self) -> None:
        who = self.who
        across = np.linspace(-1, 1, 15)
        lift = who.depth_at(np.zeros(1), np.array([who.nose_y])) + 0.5 * who.nose_depth
        under = self._turned(who.nose_width * across, who.nose_y + 0.03 - 0.05 * across**2, np.repeat(lift, 15))
        over = self._turned(who.nose_width * across, who.nose_y - 0.01 - 0.03 * across**2, np.repeat(lift, 15))
        self._fill(np.concatenate((under, over[::-1])), who.tone * 0.84)
        angles = np.linspace(0, 2 * math.pi, 12)
        for side in (-1, 1):
            x = side * who.nose_width * 0.5 + 0.035 * np.cos(angles)
            nostril = self._turned(x, who.nose_y + 0.012 + 0.018 * np.sin(angles), np.repeat(lift, 12))
            self._fill(nostril, who.tone * 0.4)

    def _mouth(self) -> None:
        who, shot = self.who, self.shot
        across = np.linspace(-1, 1, 25)
        x = (who.mouth_width + 0.5 * max(0.0, shot.smile)) * across
        arch = 1 - across**2
        seam = who.mouth_y - shot.smile * across**2 * 1.2 + 0.25 * shot.smile
        bow = 0.3 * np.exp(-((across / 0.18) ** 2))
        top = self._on_face(x, seam - who.lip * 0.85 * (arch**0.7 - bow))
        bottom = self._on_face(x, seam + shot.open_mouth * arch + who.lip * 1.25 * arch**0.7)
        colour = 0.62 * who.lips + 0.38 * who.tone
        self._fill(np.concatenate((top, bottom[::-1])), colour)
        upper, lower = self._on_face(x, seam), self._on_face(x, seam + shot.open_mouth * arch)
        if shot.open_mouth > 0.015:
            self._fill(np.concatenate((upper, lower[::-1])), (90, 32, 38))
            teeth = self._on_face(x, seam + 0.55 * shot.open_mouth * arch)[3:-3]
            self._fill(np.concatenate((upper[3:-3], teeth[::-1])), WHITE)
        self._stroke(upper, colour * 0.5, 0.02)

    def _eye(self, side: int) -> None:
        who, shot = self.who, self.shot
        across = np.linspace(-1, 1, 21)
        height = who.eye_height * shot.open_eyes
        slant = who.eye_y - who.eye_tilt * who.eye_width * across * side
        upper = slant - height * 1.1 * (1 - np.abs(across) ** 2.2)
        lower = slant + height * 0.8 * (1 - across**2)
        x = side * who.eye_distance + who.eye_width * across
        lid, under = self._on_face(x, upper), self._on_face(x, lower)
        self._fill(np.concatenate((self._on_face(x, upper - 0.045), under[::-1])), who.tone * 0.82)
        self._fill(np.concatenate((lid, under[::-1])), WHITE)
        angles = np.linspace(0, 2 * math.pi, 24)
        centre_x = side * who.eye_distance + shot.gaze[0] * who.eye_width
        centre_y = who.eye_y - 0.1 * height + shot.gaze[1] * height
        radius = 0.078
        for part, colour in ((1.0, who.iris * 0.6), (0.84, who.iris), (0.45, np.array(DARK) * 0.5)):
            ring_x = centre_x + part * radius * np.cos(angles)
            ring_y = centre_y + part * radius * np.sin(angles)
            self._fill(
                self._on_face(
                    ring_x, np.clip(ring_y, *np.array([np.interp(ring_x, x, upper), np.interp(ring_x, x, lower)]))
                ),
                colour,
            )
        glint = 0.02 * np.stack((np.cos(angles), np.sin(angles)))
        self._fill(self._on_face(centre_x - 0.025 + glint[0], centre_y - 0.02 + glint[1]), (255, 255, 255))
        self._stroke(lid, DARK, 0.032)
        self._stroke(under, who.tone * 0.6, 0.012)

    def _brow(self, side: int) -> None:
        who = self.who
        along = np.linspace(0, 1, 16)
        x = side * (who.eye_distance + who.eye_width * (2.5 * along - 1.2))
        y = who.eye_y - who.brow_gap - self.shot.raised_brows - who.brow_arch * np.sin(math.pi * along**0.8)
        y = y - who.brow_tilt * 0.3 * (along - 0.5)
        half = 0.5 * who.brow_thickness * (1.25 - along) ** 0.6 + 0.004
        points = np.concatenate((self._on_face(x, y - half), self._on_face(x, y + half)[::-1]))
        self._fill(points, 0.75 * who.hair.clip(0, 150) + 0.1 * who.tone)

    def _hair_in_front(self) -> None:
        who = self.who
        if who.bald:
            return
        y = np.concatenate((who.hair_side + 0 * np.zeros(1), -np.cos(np.linspace(math.pi * 0.45, 0, 24))))
        x = who.half_width_at(y)
        x, y = np.concatenate((x, -x[::-1])), np.concatenate((y, y[::-1]))
        wave = self._waved(np.arctan2(y, x))
        rise = (-y).clip(0, 1)
        outer = self._on_outline(
            x * (1.03 + 0.8 * who.hair_volume * rise**0.5) * wave, (y - who.hair_volume * rise) * wave
        )
        across = np.linspace(-1, 1, 41)
        width = who.half_width_at(np.array([who.hair_side]))[0]
        line = who.hairline + who.hair_slope * across * 0.6 + who.hair_part * (np.abs(across) - 0.3)
        line = line + 1.5 * who.wave * np.sin(who.waves * across)
        edge = across**8
        line = line * (1 - edge) + who.hair_side * edge
        inner_x = across * width * 0.985
        inner = self._on_face(inner_x, line) * (1 - edge[:, None]) + self._on_outline(inner_x, line) * edge[:, None]
        self._fill(np.concatenate((outer, inner)), who.hair)
        middle = len(outer) // 2
        for part in np.linspace(0.12, 0.88, 9):
            start = outer[round(part * (len(outer) - 1))]
            end = inner[round((1 - part) * 40)]
            strand = np.stack(
                (
                    0.93 * start + 0.07 * end,
                    0.5 * (start + end) + 0.05 * (outer[middle] - end),
                    0.15 * start + 0.85 * end,
                )
            )
            self._stroke(strand, who.hair * 1.16 + 6, 0.02)

    def _glasses(self) -> None:
        who = self.who
        angles = np.linspace(0, 2 * math.pi, 36)
        for side in (-1, 1):
            x = side * who.eye_distance + 0.22 * np.cos(angles)
            y = who.eye_y + 0.01 + 0.18 * np.sin(angles)
            self._stroke(self._on_face(x, y), (60, 52, 56), 0.022)
        inner = who.eye_distance - 0.22
        self._stroke(self._on_face(np.linspace(-inner, inner, 5), np.full(5, who.eye_y - 0.03)), (60, 52, 56), 0.022)

    def _light(self) -> Pixels:
        """How bright each pixel is, about 1 on average: Lambert's law on a relief made of smooth bumps."""
        who, shot = self.who, self.shot
        eye_x, mouth = who.eye_distance, who.mouth_y
        bumps = np.array(
            [  # x, y, spread in x, spread in y, height
                (0.0, 0.0, 0.75, 0.95, 0.85),
                (0.0, who.nose_y - 0.2, 0.075, 0.17, 0.7 * who.nose_depth),
                (0.0, who.nose_y - 0.03, 0.8 * who.nose_width, 0.075, who.nose_depth),
                (-eye_x, who.eye_y, 0.17, 0.11, -0.085),
                (eye_x, who.eye_y, 0.17, 0.11, -0.085),
                (-0.42, 0.32, 0.17, 0.16, 0.06),
                (0.42, 0.32, 0.17, 0.16, 0.06),
                (0.0, mouth, 0.2, 0.09, 0.05),
                (0.0, mouth + 0.15, 0.16, 0.05, -0.035),
                (0.0, 0.85, 0.16, 0.1, 0.05),
            ]
        )
        centres = self._on_face(bumps[:, 0], bumps[:, 1]) / OVERSAMPLING
        axis = np.arange(self.size, dtype=np.float32) + np.float32(0.5)
        unit = shot.head * self.size
        cos, sin = math.cos(shot.roll), math.sin(shot.roll)
        relief = np.zeros((self.size, self.size), np.float32)
        for (cx, cy), (_, _, wide, high, height) in zip(centres, bumps, strict=True):
            dx, dy = (
                (axis[None, :] - np.float32(cx)) / np.float32(unit),
                (axis[:, None] - np.float32(cy)) / np.float32(unit),
            )
            u, v = (dx * np.float32(cos) + dy * np.float32(sin)), (dy * np.float32(cos) - dx * np.float32(sin))
            relief += np.float32(height) * np.exp(-0.5 * ((u / np.float32(wide)) ** 2 + (v / np.float32(high)) ** 2))
        down, right = np.gradient(relief * np.float32(unit))
        lx, ly, lz = (np.float32(v) for v in shot.light)
        lambert = ((lz - lx * right - ly * down) / np.sqrt(1 + right**2 + down**2)).clip(0, 1)
        light: Pixels = np.float32(1) + np.float32(shot.contrast) * (lambert - np.float32(0.8)) * np.float32(1.3)
        return light


def _angle(rng: Drawer, spread: float) -> float:
    return min(2.2, max(-2.2, rng.normal())) * spread


def _paint(colour: Array | tuple[float, ...]) -> tuple[int, int, int]:
    red, green, blue = (min(255, max(0, round(float(value)))) for value in colour)
    return red, green, blue


def _smoothed(image: Pixels) -> Pixels:
    """Each pixel averaged with its neighbours, weights 1-2-1 in both directions; the border stays."""
    smooth = image.copy()
    smooth[1:-1] = (image[:-2] + 2 * image[1:-1] + image[2:]) / 4
    rows = smooth.copy()
    smooth[:, 1:-1] = (rows[:, :-2] + 2 * rows[:, 1:-1] + rows[:, 2:]) / 4
    return smooth
