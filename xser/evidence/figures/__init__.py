"""Every figure: predictions, metrics, intervals, significance, differences."""
