-- wrk sends the requests of a file: each exactly once, or round and round until the time is over.
-- Arguments: the file (each request is its length, a line break and its bytes), "once" or "round", the connections.

local ffi = require("ffi")
ffi.cdef [[
  typedef struct { long seconds; long microseconds; } moment;
  int gettimeofday(moment *now, void *zone);
  int getpid(void);
  int kill(int process, int signal);
]]

local SIGINT = 2
local NEVER = 3600 * 1000
local workers = {}

local function now()
  local moment = ffi.new("moment")
  ffi.C.gettimeofday(moment, nil)
  return tonumber(moment.seconds) + tonumber(moment.microseconds) / 1e6
end

local function read_requests(path)
  local found, file = {}, assert(io.open(path, "rb"))
  for length in file:lines() do
    found[#found + 1] = file:read(tonumber(length))
  end
  file:close()
  return found
end

-- Called before each request of a connection. One for which nothing is left waits for ever; when all of them do, every
-- answer has come, and wrk is told to end as it is by Ctrl-C.
local function park_or_go()
  if sent + promised >= #requests then
    parked = parked + 1
    if parked == connections then
      last_answer = now()
      ffi.C.kill(ffi.C.getpid(), SIGINT)
    end
    return NEVER
  end
  promised = promised + 1
  return 0
end

function setup(thread)
  workers[#workers + 1] = thread
end

function init(arguments)
  requests = read_requests(arguments[1])
  once = arguments[2] == "once"
  connections = tonumber(arguments[3])
  sent, promised, parked, first_request, last_answer = 0, 0, 0, 0, 0
  if once then
    delay = park_or_go
  end
end

function request()
  -- wrk asks once before the start, to see what requests look like.
  if not looked_at then
    looked_at = true
    return requests[1]
  end
  if sent == 0 then
    first_request = now()
  end
  promised = math.max(promised - 1, 0)
  sent = sent + 1
  if once and sent > #requests then
    -- Only after a broken connection: its request counts as failed and is not repeated.
    return wrk.format("GET", "/livez")
  end
  return requests[(sent - 1) % #requests + 1]
end

function done(summary, latency)
  local worker, errors = workers[1], summary.errors
  local milliseconds = function(percentile) return latency:percentile(percentile) / 1000 end
  local line = '\n{"sent":%d,"answered":%d,"failed":%d,"first_request":%.6f,"last_answer":%.6f,"seconds":%.6f,'
    .. '"p50":%.3f,"p95":%.3f,"p99":%.3f}\n'
  io.write(line:format(
    worker:get("sent"), summary.requests, errors.status + errors.connect + errors.read + errors.write + errors.timeout,
    worker:get("first_request"), worker:get("last_answer"), summary.duration / 1e6,
    milliseconds(50), milliseconds(95), milliseconds(99)))
end
