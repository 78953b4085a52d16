"""The recruiters' service: pages, JSON API, webhooks. Extra `[web]`; nothing below it, nor the command line, imports it."""
