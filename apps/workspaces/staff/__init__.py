"""Django admin for staff: one site for the installation, one for a chosen workspace."""
