from .brand import Brand
from .source import Page, Source

__all__ = ["Brand", "Page", "Source"]
