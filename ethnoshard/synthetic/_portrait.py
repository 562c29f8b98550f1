"""One drawn portrait: the parts of a head, painted from back to front, lit and photographed."""

import math

import numpy as np
from numpy.typing import NDArray

from ethnoshard.synthetic._canvas import OVERSAMPLING, Canvas
from ethnoshard.synthetic._light import brightness
from ethnoshard.synthetic._pose import Pose
from ethnoshard.synthetic._shot import Shot
from ethnoshard.synthetic._traits import Traits

Array = NDArray[np.float64]
Pixels = NDArray[np.float32]

WHITE = (244.0, 243.0, 240.0)
DARK = (34.0, 24.0, 28.0)


class Portrait:
    """The drawing of one shot of one person."""

    def __init__(self, who: Traits, shot: Shot, size: int) -> None:
        self.who, self.shot, self.size = who, shot, size
        self._pose = Pose(who, shot, size * OVERSAMPLING)
        self._canvas = Canvas(size, shot.backdrop, self._pose.scale)

    def pixels(self, rng: np.random.Generator) -> NDArray[np.uint8]:
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
        light = brightness(self.who, self.shot, self._pose, self.size)[..., None]
        falls = (1 + self._canvas.painted() * (light - 1)).astype(np.float32)
        lit: Pixels = self._canvas.colours() * falls * (self.shot.warmth * self.shot.exposure).astype(np.float32)
        if self.shot.blur:
            lit += np.float32(self.shot.blur) * (_smoothed(lit) - lit)
        lit += np.float32(self.shot.noise) * rng.standard_normal(lit.shape, np.float32)
        return lit.clip(0, 255).astype(np.uint8)

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
        self._canvas.fill(self._pose.on_outline(np.concatenate((x, ends)), np.concatenate((y, falls))), who.hair * 0.72)

    def _shoulders(self) -> None:
        who = self.who
        neck = np.array(((-who.neck, 0.5), (who.neck, 0.5), (who.neck * 1.1, 1.5), (-who.neck * 1.1, 1.5)))
        self._canvas.fill(self._pose.rolled(neck[:, 0], neck[:, 1]), who.tone * 0.72)
        angles = np.linspace(math.pi, 2 * math.pi, 30)
        x, y = 1.5 * np.cos(angles), 2.3 + 1.0 * np.sign(np.sin(angles)) * np.abs(np.sin(angles)) ** 0.7
        down = np.array((2.0, -2.0))
        self._canvas.fill(self._pose.rolled(np.append(x, 1.1 * down), np.append(y, [3.5, 3.5])), self.shot.shirt)
        x = who.neck * 1.25 * np.cos(angles)
        self._canvas.fill(self._pose.rolled(x, 1.3 - 0.28 * np.sin(angles)), who.tone * 0.72)

    def _ears(self) -> None:
        who = self.who
        angles = np.linspace(0, 2 * math.pi, 24)
        for side in (-1, 1):
            for size, shade in ((1.0, 0.9), (0.6, 0.74)):
                x = side * (who.half_width * 0.99 + 0.03) + 0.5 * size * who.ear * np.cos(angles)
                y = 0.08 + size * who.ear * np.sin(angles)
                self._canvas.fill(self._pose.turned(x, y, np.full_like(x, -0.1)), who.tone * shade)

    def _head(self) -> None:
        who = self.who
        y = -np.cos(np.linspace(0, math.pi, 48))
        x = who.half_width_at(y)
        self._canvas.fill(self._pose.on_outline(np.concatenate((x, -x[::-1])), np.concatenate((y, y[::-1]))), who.tone)
        if who.beard:
            self._beard()
        angles = np.linspace(0, 2 * math.pi, 9)
        for x0, y0 in who.moles:
            self._canvas.fill(
                self._pose.on_face(x0 + 0.02 * np.cos(angles), y0 + 0.02 * np.sin(angles)), who.tone * 0.5
            )

    def _beard(self) -> None:
        who = self.who
        y = np.linspace(0.3, 1, 24)
        x = who.half_width_at(y)
        across = np.linspace(-1, 1, 30)
        inner_x = across * x[0]
        inner_y = 0.3 + (who.mouth_y - 0.43) * np.sqrt(1 - across**2 * 0.999) + 0.06 * np.cos(3 * across)
        outer = self._pose.on_outline(np.concatenate((x, -x[::-1])), np.concatenate((y, y[::-1])))
        points = np.concatenate((outer, self._pose.on_face(inner_x, inner_y)))
        self._canvas.fill(points, who.tone + who.beard * (who.hair - who.tone))

    def _nose(self) -> None:
        who = self.who
        across = np.linspace(-1, 1, 15)
        lift = who.depth_at(np.zeros(1), np.array([who.nose_y])) + 0.5 * who.nose_depth
        under = self._pose.turned(who.nose_width * across, who.nose_y + 0.03 - 0.05 * across**2, np.repeat(lift, 15))
        over = self._pose.turned(who.nose_width * across, who.nose_y - 0.01 - 0.03 * across**2, np.repeat(lift, 15))
        self._canvas.fill(np.concatenate((under, over[::-1])), who.tone * 0.84)
        angles = np.linspace(0, 2 * math.pi, 12)
        for side in (-1, 1):
            x = side * who.nose_width * 0.5 + 0.035 * np.cos(angles)
            nostril = self._pose.turned(x, who.nose_y + 0.012 + 0.018 * np.sin(angles), np.repeat(lift, 12))
            self._canvas.fill(nostril, who.tone * 0.4)

    def _mouth(self) -> None:
        who, shot = self.who, self.shot
        across = np.linspace(-1, 1, 25)
        x = (who.mouth_width + 0.5 * max(0.0, shot.smile)) * across
        arch = 1 - across**2
        seam = who.mouth_y - shot.smile * across**2 * 1.2 + 0.25 * shot.smile
        bow = 0.3 * np.exp(-((across / 0.18) ** 2))
        top = self._pose.on_face(x, seam - who.lip * 0.85 * (arch**0.7 - bow))
        bottom = self._pose.on_face(x, seam + shot.open_mouth * arch + who.lip * 1.25 * arch**0.7)
        colour = 0.62 * who.lips + 0.38 * who.tone
        self._canvas.fill(np.concatenate((top, bottom[::-1])), colour)
        upper, lower = self._pose.on_face(x, seam), self._pose.on_face(x, seam + shot.open_mouth * arch)
        if shot.open_mouth > 0.015:
            self._canvas.fill(np.concatenate((upper, lower[::-1])), (90, 32, 38))
            teeth = self._pose.on_face(x, seam + 0.55 * shot.open_mouth * arch)[3:-3]
            self._canvas.fill(np.concatenate((upper[3:-3], teeth[::-1])), WHITE)
        self._canvas.stroke(upper, colour * 0.5, 0.02)

    def _eye(self, side: int) -> None:
        who, shot = self.who, self.shot
        across = np.linspace(-1, 1, 21)
        height = who.eye_height * shot.open_eyes
        slant = who.eye_y - who.eye_tilt * who.eye_width * across * side
        upper = slant - height * 1.1 * (1 - np.abs(across) ** 2.2)
        lower = slant + height * 0.8 * (1 - across**2)
        x = side * who.eye_distance + who.eye_width * across
        lid, under = self._pose.on_face(x, upper), self._pose.on_face(x, lower)
        self._canvas.fill(np.concatenate((self._pose.on_face(x, upper - 0.045), under[::-1])), who.tone * 0.82)
        self._canvas.fill(np.concatenate((lid, under[::-1])), WHITE)
        angles = np.linspace(0, 2 * math.pi, 24)
        centre_x = side * who.eye_distance + shot.gaze[0] * who.eye_width
        centre_y = who.eye_y - 0.1 * height + shot.gaze[1] * height
        radius = 0.078
        for part, colour in ((1.0, who.iris * 0.6), (0.84, who.iris), (0.45, np.array(DARK) * 0.5)):
            ring_x = centre_x + part * radius * np.cos(angles)
            ring_y = centre_y + part * radius * np.sin(angles)
            self._canvas.fill(
                self._pose.on_face(
                    ring_x, np.clip(ring_y, *np.array([np.interp(ring_x, x, upper), np.interp(ring_x, x, lower)]))
                ),
                colour,
            )
        glint = 0.02 * np.stack((np.cos(angles), np.sin(angles)))
        self._canvas.fill(self._pose.on_face(centre_x - 0.025 + glint[0], centre_y - 0.02 + glint[1]), (255, 255, 255))
        self._canvas.stroke(lid, DARK, 0.032)
        self._canvas.stroke(under, who.tone * 0.6, 0.012)

    def _brow(self, side: int) -> None:
        who = self.who
        along = np.linspace(0, 1, 16)
        x = side * (who.eye_distance + who.eye_width * (2.5 * along - 1.2))
        y = who.eye_y - who.brow_gap - self.shot.raised_brows - who.brow_arch * np.sin(math.pi * along**0.8)
        y = y - who.brow_tilt * 0.3 * (along - 0.5)
        half = 0.5 * who.brow_thickness * (1.25 - along) ** 0.6 + 0.004
        points = np.concatenate((self._pose.on_face(x, y - half), self._pose.on_face(x, y + half)[::-1]))
        self._canvas.fill(points, 0.75 * who.hair.clip(0, 150) + 0.1 * who.tone)

    def _hair_in_front(self) -> None:
        who = self.who
        if who.bald:
            return
        y = np.concatenate((who.hair_side + 0 * np.zeros(1), -np.cos(np.linspace(math.pi * 0.45, 0, 24))))
        x = who.half_width_at(y)
        x, y = np.concatenate((x, -x[::-1])), np.concatenate((y, y[::-1]))
        wave = self._waved(np.arctan2(y, x))
        rise = (-y).clip(0, 1)
        outer = self._pose.on_outline(
            x * (1.03 + 0.8 * who.hair_volume * rise**0.5) * wave, (y - who.hair_volume * rise) * wave
        )
        across = np.linspace(-1, 1, 41)
        width = who.half_width_at(np.array([who.hair_side]))[0]
        line = who.hairline + who.hair_slope * across * 0.6 + who.hair_part * (np.abs(across) - 0.3)
        line = line + 1.5 * who.wave * np.sin(who.waves * across)
        edge = across**8
        line = line * (1 - edge) + who.hair_side * edge
        inner_x = across * width * 0.985
        inner = (
            self._pose.on_face(inner_x, line) * (1 - edge[:, None])
            + self._pose.on_outline(inner_x, line) * edge[:, None]
        )
        self._canvas.fill(np.concatenate((outer, inner)), who.hair)
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
            self._canvas.stroke(strand, who.hair * 1.16 + 6, 0.02)

    def _glasses(self) -> None:
        who = self.who
        angles = np.linspace(0, 2 * math.pi, 36)
        for side in (-1, 1):
            x = side * who.eye_distance + 0.22 * np.cos(angles)
            y = who.eye_y + 0.01 + 0.18 * np.sin(angles)
            self._canvas.stroke(self._pose.on_face(x, y), (60, 52, 56), 0.022)
        inner = who.eye_distance - 0.22
        self._canvas.stroke(
            self._pose.on_face(np.linspace(-inner, inner, 5), np.full(5, who.eye_y - 0.03)), (60, 52, 56), 0.022
        )


def _smoothed(image: Pixels) -> Pixels:
    """Each pixel averaged with its neighbours, weights 1-2-1 in both directions; the border stays."""
    smooth = image.copy()
    smooth[1:-1] = (image[:-2] + 2 * image[1:-1] + image[2:]) / 4
    rows = smooth.copy()
    smooth[:, 1:-1] = (rows[:, :-2] + 2 * rows[:, 1:-1] + rows[:, 2:]) / 4
    return smooth
