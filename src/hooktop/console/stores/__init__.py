"""View state without a screen: the filter language, the message and endpoint stores, grouping."""
