"""What the screens are made of: tables, viewers, bars, and text that cannot do harm."""
