"""What running a detector costs: time by batch size and threads, where it goes, memory, and arithmetic."""
