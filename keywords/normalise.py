"""One spelling for many: full width to half width, capitals to small. Keeps every character's place."""

import unicodedata


def normalise(text: str) -> str:
    """NFKC and lower case, character by character, so that offsets still point into the original text.

    A character whose normal form is longer (㎡, ﬁ) is left as it is.
    """
    return "".join(_one(char) for char in text)


def _one(char: str) -> str:
    if "a" <= char <= "z" or "\u4e00" <= char <= "\u9fff":
        return char
    simple = unicodedata.normalize("NFKC", char).lower()
    return simple if len(simple) == 1 else char
