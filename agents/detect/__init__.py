"""Detection: the fold over the journal, with its state in a Faust table and its alerts on `iiot.alerts`."""
