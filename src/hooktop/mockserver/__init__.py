"""The reference server: behaves like the real platforms, scheduler and all, with time under your control."""
