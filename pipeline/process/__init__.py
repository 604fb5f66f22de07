"""What each long-running process needs: structured logs, metrics, a watchdog, an orderly stop."""
