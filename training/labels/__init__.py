"""Labels of windows before earthquakes: catalogues, rules, splits without leaks."""
