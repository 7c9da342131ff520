--- Formats that are long and legal.
-- expect: pass
return rule {
  id = "46-format-extremes", title = "Abuse", severity = "low", resource = "AWS::S3::Bucket",
  check = function(bucket, ctx)
    assert(#("%.99f"):format(1e308) == 309 + 100 and #("%99.99f"):format(-1e308) == 310 + 100)
    assert(("%q"):format("\0\n\r\"") == "\"\\0\\\n\\13\\\"\"" and ("%a"):format(1) == "0x1p+0" and ("%5.2s|"):format("abc") == "   ab|")
    assert(("%d"):format(3.0) == "3" and ("%x"):format(-1) == "ffffffffffffffff" and ("%%"):format() == "%")
    return pass()
  end,
}
