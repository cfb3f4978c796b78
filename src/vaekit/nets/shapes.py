"""Sizes of an image after each halving; encoder and decoder both read them here, hence they agree."""

ImageSize = tuple[int, int]


def halved(size: int) -> int:
    """Return ⌈s/2⌉, the length a 3-wide convolution with stride 2 and padding 1 makes of s.

    Example:
        >>> [halved(size) for size in (7, 8, 9)]
        [4, 4, 5]
    """
    return (size + 1) // 2


def stage_sizes(image_size: ImageSize, most: int, least: int) -> list[ImageSize]:
    """List the image size and the sizes after each halving.

    Args:
        image_size: height and width in pixels.
        most: number of halvings at most.
        least: no side is halved to fewer pixels than this.

    Example:
        >>> stage_sizes((28, 28), most=5, least=2)
        [(28, 28), (14, 14), (7, 7), (4, 4), (2, 2)]
        >>> stage_sizes((17, 23), most=2, least=2)
        [(17, 23), (9, 12), (5, 6)]
    """
    sizes = [image_size]
    while len(sizes) <= most:
        height, width = sizes[-1]
        following = halved(height), halved(width)
        # A side of 1 pixel halves to itself: without the second condition it would be "halved" for ever.
        if min(following) < least or following == sizes[-1]:
            break
        sizes.append(following)
    return sizes
