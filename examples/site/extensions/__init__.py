"""What the site's configuration needs beyond settings."""
