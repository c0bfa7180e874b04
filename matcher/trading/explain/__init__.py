"""Why an order was matched, and why not."""
