--- What does not change can be used in every way.
-- expect: pass
local ports, by_name = { 22, 80, 443 }, { ssh = 22, http = 80 }
local fib
fib = function(n) return n < 2 and n or fib(n - 1) + fib(n - 2) end

return rule {
  id = "43-constants", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    assert(#ports == 3 and rawlen(ports) == 3 and ports[2] == 80 and rawget(ports, 3) == 443)
    local n = 0
    for i, p in ipairs(ports) do n = n + i * p end
    for k, v in pairs(by_name) do n = n + #k + v end
    assert(n == 22 + 160 + 1329 + 3 + 22 + 4 + 80, n)
    assert(next(by_name) == "http" and table.concat(ports, " ") == "22 80 443" and select("#", table.unpack(ports)) == 3)
    assert(bucket.List:any("A", ports) == false and bucket.List:any("A", { 1 }) and ("ssh"):gsub("%a+", by_name) == "22")
    assert(fib(10) == 55)
    return pass()
  end,
}
