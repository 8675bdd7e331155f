-- For wrk: turns follow the clock, not the answers. Argument: milliseconds from one request of a thread to its next.
local ffi = require("ffi")
ffi.cdef[[typedef struct { long seconds; long nanos; } instant_t; int clock_gettime(int clock, instant_t *now);]]
local MONOTONIC = 1
-- A machine that was busy otherwise catches up this much; what it is behind beyond is never made.
local CATCH_UP_MILLIS = 500
local instant = ffi.new("instant_t")
local turn = 0
local millis

function init(args)
  millis = tonumber(args[1])
end

-- Before each request, milliseconds.
function delay()
  ffi.C.clock_gettime(MONOTONIC, instant)
  local now = tonumber(instant.seconds) * 1e3 + tonumber(instant.nanos) / 1e6
  turn = math.max(turn, now - CATCH_UP_MILLIS) + millis
  return math.max(0, turn - now)
end
