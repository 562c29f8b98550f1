"""Names in any script on a picture: each drawn in a font of this machine that has its characters."""

import io
import unicodedata

from PIL import ImageDraw, ImageFont

from ethnoshard.shards._fonts import characters_of, installed_fonts


class Lettering:
    """Draws lines of text in one size."""

    def __init__(self, size: int) -> None:
        """Letters of ``size`` pixels."""
        self._size = size
        default = ImageFont.load_default(size)
        assert isinstance(default, ImageFont.FreeTypeFont), "Pillow's wheels have FreeType"
        self._default = default
        self._known = characters_of(io.BytesIO(default.font_bytes))

    def fonts(self, text: str) -> list[tuple[str, ImageFont.FreeTypeFont]] | None:
        """Pieces of a text, each with a font that has all its characters; None where no font has some of them.

        The text is one piece if one font has all of it, since a script from right to left puts its words in that order
        too; else each word is a piece.
        """
        whole = self._font(text)
        if whole is not None:
            return [(text, whole)]
        pieces = []
        for word in text.split():
            font = self._font(word)
            if font is None:
                return None
            pieces.append((word + " ", font))
        return pieces

    def draw(self, draw: ImageDraw.ImageDraw, place: tuple[int, int], text: str) -> tuple[int, int]:
        """Draw a text, which :meth:`fonts` finds fonts for, from ``place`` on the baseline; returns where it ends."""
        x, y = place
        for piece, font in self.fonts(text) or ():
            draw.text((x, y), piece, fill="black", font=font, anchor="ls")
            x += round(font.getlength(piece))
        return x, y

    def _font(self, text: str) -> ImageFont.FreeTypeFont | None:
        wanted = {ord(character) for character in text if not _is_invisible(character)}
        if wanted <= self._known:
            return self._default
        for path in installed_fonts():
            if wanted <= characters_of(path):
                try:
                    font = ImageFont.truetype(path, self._size)
                except OSError:  # a font of pictures, of one size only
                    continue
                if font.getmask(text).getbbox() is not None:  # else one of layers of colour, which are not drawn
                    return font
        return None


def _is_invisible(character: str) -> bool:
    """Whether no glyph is needed: spaces, joiners, and what chooses between two looks of the one before."""
    return character.isspace() or unicodedata.category(character) == "Cf" or "\ufe00" <= character <= "\ufe0f"
