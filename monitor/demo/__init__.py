"""The demo: real observatory days through broker, worker, alerts and metrics, with a judgement."""
