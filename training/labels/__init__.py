"""Which windows lie before earthquakes: catalogues, rules, splits that cannot leak."""
