--- Integers wrap, shifts end, floats go on.
-- expect: pass
return rule {
  id = "47-arithmetic-edges", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    assert(math.mininteger // -1 == math.mininteger and math.mininteger % -1 == 0 and 1 << 64 == 0 and 1 << math.mininteger == 0)
    assert(math.maxinteger + 1 == math.mininteger and -math.mininteger == math.mininteger and 0x7fffffffffffffff + 0.0 == 2.0 ^ 63)
    assert(0 / 0 ~= 0 / 0 and 1 / 0 > 0 and -1 / 0 < 0 and 5.3 % math.huge == 5.3)
    return pass()
  end,
}
