-- Goes through a plan (bench/plans.py) and counts what comes back.
-- Arguments: the plan's file, the tag of its keys, whether each call is made but once, threads.
local ffi = require("ffi")
ffi.cdef[[
typedef struct { long seconds; long nanoseconds; } bench_time;
int clock_gettime(int clock, bench_time *now);
]]
local read = ffi.new("bench_time")
local function now()
  ffi.C.clock_gettime(1, read)
  return tonumber(read.seconds) + tonumber(read.nanoseconds) / 1e9
end

local threads = {}
function setup(thread)
  thread:set("id", #threads)
  table.insert(threads, thread)
end

local calls, at, tag, once, over, seen = {}, 0, "", false, false, 0
function init(arguments)
  tag, once = arguments[2], arguments[3] == "1"
  local count, n = tonumber(arguments[4]), 0
  for line in io.lines(arguments[1]) do
    -- By blocks: one by one, a plan of two kinds in turn would give each thread one of them.
    if math.floor(n / 20) % count == id then table.insert(calls, line) end
    n = n + 1
  end
  sent, sent_writes, statuses, samples, began, ended = 0, 0, {}, {}, 0, 0
end

function request()
  if began == 0 then began = now() end
  at = at + 1
  if once and at > #calls then
    -- wrk sends one more before it stops: a call that was made already, whose answer nobody counts.
    over = true
    wrk.thread:stop()
  end
  local n = over and #calls or (at - 1) % #calls + 1
  local method, path, token, keyed, body = calls[n]:match("^(%S+)\t(%S+)\t(%S+)\t(%d)\t(.*)$")
  local headers = { ["Authorization"] = "Bearer " .. token }
  if keyed == "1" then
    headers["Idempotency-Key"] = tag .. "-" .. id .. "-" .. (over and #calls or at)
    if not over then sent_writes = sent_writes + 1 end
  end
  if body ~= "" then headers["Content-Type"] = "application/json" end
  if not over then sent = sent + 1 end
  return wrk.format(method, path, headers, body ~= "" and body or nil)
end

function response(status, headers, body)
  if over then return end
  ended = now()
  local name = tostring(status)
  statuses[name] = (statuses[name] or 0) + 1
  seen = seen + 1
  if seen % 53 == 1 and #samples < 40 or status >= 300 and #samples < 60 then
    table.insert(samples, name .. " " .. body)
  end
end

local function quoted(text)
  return '"' .. text:gsub('[%c"\\]', function(c) return string.format("\\u%04x", c:byte()) end) .. '"'
end

function done(summary, latency, requests)
  local sent_all, writes, first, last = 0, 0, math.huge, 0
  local counted, texts = {}, {}
  for _, thread in ipairs(threads) do
    sent_all = sent_all + thread:get("sent")
    writes = writes + thread:get("sent_writes")
    first = math.min(first, thread:get("began"))
    last = math.max(last, thread:get("ended"))
    for status, count in pairs(thread:get("statuses")) do
      counted[status] = (counted[status] or 0) + count
    end
    for _, text in ipairs(thread:get("samples")) do table.insert(texts, quoted(text)) end
  end
  local parts, curve = {}, {}
  for status, count in pairs(counted) do table.insert(parts, string.format('"%s": %d', status, count)) end
  for _, p in ipairs({ 1, 10, 25, 50, 75, 90, 95, 99, 99.5, 99.9, 99.99 }) do
    table.insert(curve, string.format("[%g, %.3f]", p, latency:percentile(p) / 1e3))
  end
  table.insert(curve, string.format("[100, %.3f]", latency.max / 1e3))
  local errors = summary.errors
  io.write(string.format(
    '\nJSON {"sent": %d, "sent_writes": %d, "seconds": %.6f, "broken": %d, "statuses": {%s}, '
      .. '"curve": [%s], "samples": [%s]}\n',
    sent_all, writes, last - first, errors.connect + errors.read + errors.write + errors.timeout,
    table.concat(parts, ", "), table.concat(curve, ", "), table.concat(texts, ", ")))
end
