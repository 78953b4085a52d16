-- POST like everybody else, and print the whole latency histogram: one line "microseconds count" per distinct value.
wrk.method = "POST"
wrk.body = "{}"
wrk.headers["Content-Type"] = "application/json"

done = function(summary, latency, requests)
  io.write(string.format("requests %d errors %d\n", summary.requests, summary.errors.connect + summary.errors.read + summary.errors.timeout))
  for i = 1, #latency do
    local us, count = latency(i)
    io.write(string.format("latency %d %d\n", us, count))
  end
end
