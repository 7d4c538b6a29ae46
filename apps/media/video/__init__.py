"""Videos by a confined ffmpeg: looked at, stripped of metadata, encoded to a spec. No models here."""
