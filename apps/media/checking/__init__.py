"""What a stranger's file is, by its content, and whether it may come in.

``inspector.py`` runs confined (no Django, no network, half a gigabyte, thirty seconds) and uses the
modules beside it; ``service.inspect`` starts it and gives its findings back as types.
"""
