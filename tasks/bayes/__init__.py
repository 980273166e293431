"""Stan and Bayes without any domain: toolchain, programs, sampling, diagnostics."""
