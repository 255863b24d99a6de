"""From a model folder to an image: build its Bento, try it, push it.

`publish` is the way in. It runs Docker or buildah and never imports a model's code itself.
"""

from .errors import BundleError, Cancelled
from .publish import publish
from .source import ImageSource, Registry

__all__ = ["BundleError", "Cancelled", "ImageSource", "Registry", "publish"]
