"""The drift experiment: a drawn schedule of clean and drifted windows, streamed without a gap, and every signal recorded."""
