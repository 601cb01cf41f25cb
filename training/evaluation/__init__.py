"""Evaluation of a model beside the methods that it has to beat."""
