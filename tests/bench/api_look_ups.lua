-- For wrk: each request one of the paths in the file TARGETS, at random.
local paths = {}
for line in io.lines(os.getenv("TARGETS")) do paths[#paths + 1] = line end

function init(_)
  math.randomseed(tonumber(os.getenv("SEED") or "1"))
end

function request()
  return wrk.format("GET", paths[math.random(#paths)])
end

-- Microseconds; failures are answers beyond 399 and connections that broke.
function done(summary, latency, _)
  local errors = summary.errors
  io.write(string.format('\nresult {"requests": %d, "seconds": %.3f, "p50_ms": %.3f, "p99_ms": %.3f, ' ..
    '"failures": %d}\n', summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3,
    latency:percentile(99) / 1e3,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
