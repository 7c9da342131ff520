--- Networks and ports: CIDR blocks of IPv4 and IPv6, "open to the world", port ranges, protocols.
local net = {}

--- A CIDR block or an address as `{ bytes, bits, family = 4|6, text }`, or nil when it is neither. `text` is the block as
-- it is usually written, host bits cleared.
function net.parse(text)
  local canonical, bits, family, raw = native.cidr(text)
  if not canonical then return nil end
  return { bytes = { raw:byte(1, -1) }, bits = bits, family = family, text = canonical }
end

--- Does block `outer` hold all of `inner`? Both as text. nil when one of them is no block.
function net.contains(outer, inner)
  return native.cidr_contains(outer, inner)
end

--- Have two blocks an address in common? nil when one of them is no block.
function net.overlaps(a, b)
  return native.cidr_overlaps(a, b)
end

--- The fewest blocks that hold the same addresses, sorted, IPv4 first. nil and the text that is no block otherwise.
function net.merge(cidrs)
  local plain = {}
  for i = 1, #cidrs do plain[i] = cidrs[i] or false end
  return native.cidr_merge(plain)
end

--- How many addresses a block has: an integer, a float beyond 2^62; nil when it is no block.
function net.size(cidr)
  local _, bits, family = native.cidr(cidr)
  if not bits then return nil end
  local host = (family == 4 and 32 or 128) - bits
  return host <= 62 and 1 << host or 2.0 ^ host
end

--- Is this the whole internet: any text for 0.0.0.0/0 or ::/0?
function net.is_world(cidr)
  local text, bits = native.cidr(cidr)
  return text ~= nil and bits == 0
end

--- Do blocks together hold the whole of IPv4 or of IPv6 (0.0.0.0/1 and 128.0.0.0/1)? What is no block counts for nothing.
-- Second result: the families that are open, `{ [4] = true, [6] = true }`.
function net.covers_world(cidrs)
  local blocks, open = {}, {}
  for i = 1, #cidrs do
    if native.cidr(cidrs[i]) then blocks[#blocks + 1] = cidrs[i] end
  end
  for _, block in ipairs(native.cidr_merge(blocks)) do
    local _, bits, family = native.cidr(block)
    if bits == 0 then open[family] = true end
  end
  return next(open) ~= nil, open
end

local private = {
  "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
  "fc00::/7", "fe80::/10", "::1/128",
}

--- Does the block lie wholly in private, shared, loopback or link-local space (RFC 1918, 6598, 4193)?
function net.is_private(cidr)
  for _, block in ipairs(private) do
    if net.contains(block, cidr) then return true end
  end
  return false
end

-- ---- ports ----

local numbers = {
  ["6"] = "tcp", ["17"] = "udp", ["1"] = "icmp", ["58"] = "icmpv6", ["47"] = "gre", ["50"] = "esp", ["51"] = "ah",
  ["132"] = "sctp", ["all"] = "-1",
}

--- The name of a protocol as security groups and network ACLs write it: "tcp" for 6, "-1" for all of them.
function net.protocol(value)
  local text = tostring(value):lower()
  return numbers[text] or text
end

--- Does a security group rule (IpProtocol, FromPort, ToPort) let this port of tcp or udp in?
-- Protocol -1 means every protocol and port.
function net.covers_port(protocol, from, to, port, wanted)
  protocol = net.protocol(protocol)
  if protocol == "-1" then return true end
  if protocol ~= (wanted or "tcp") then return false end
  if from == nil or to == nil or from == -1 then return true end
  return from <= port and port <= to
end

--- A port or a range as two numbers: 443, "443", "8000-8080", "8000:8080", "*" or -1 (all). nil when it is none.
function net.ports(value)
  if value == -1 or value == "*" or value == "-1" or value == "all" then return 0, 65535 end
  local from, to = tostring(value):match("^%s*(%d+)%s*[-:]%s*(%d+)%s*$")
  if not from then from = tostring(value):match("^%s*(%d+)%s*$") end
  from, to = tonumber(from), tonumber(to or from)
  if not from or from > to or to > 65535 then return nil end
  return from, to
end

local services = {
  [20] = "FTP data", [21] = "FTP", [22] = "SSH", [23] = "Telnet", [25] = "SMTP", [53] = "DNS", [69] = "TFTP", [80] = "HTTP",
  [88] = "Kerberos", [110] = "POP3", [111] = "rpcbind", [123] = "NTP", [135] = "MS RPC", [137] = "NetBIOS", [138] = "NetBIOS",
  [139] = "NetBIOS", [143] = "IMAP", [161] = "SNMP", [389] = "LDAP", [443] = "HTTPS", [445] = "SMB", [465] = "SMTPS",
  [512] = "rexec", [513] = "rlogin", [514] = "syslog", [587] = "SMTP submission", [636] = "LDAPS", [873] = "rsync",
  [993] = "IMAPS", [995] = "POP3S", [1433] = "SQL Server", [1434] = "SQL Server Browser", [1521] = "Oracle", [2049] = "NFS",
  [2181] = "ZooKeeper", [2375] = "Docker", [2376] = "Docker TLS", [2379] = "etcd", [2380] = "etcd", [3000] = "Grafana",
  [3260] = "iSCSI", [3306] = "MySQL", [3389] = "RDP", [4333] = "mSQL", [5000] = "Docker registry", [5432] = "PostgreSQL",
  [5439] = "Redshift", [5500] = "VNC", [5601] = "Kibana", [5672] = "AMQP", [5900] = "VNC", [5984] = "CouchDB", [5985] = "WinRM",
  [5986] = "WinRM TLS", [6379] = "Redis", [6443] = "Kubernetes API", [7000] = "Cassandra", [7001] = "Cassandra TLS",
  [7474] = "Neo4j", [8020] = "HDFS", [8080] = "HTTP alternative", [8086] = "InfluxDB", [8088] = "YARN", [8182] = "Neptune",
  [8443] = "HTTPS alternative", [8888] = "Jupyter", [9042] = "Cassandra", [9090] = "Prometheus", [9092] = "Kafka",
  [9094] = "Kafka TLS", [9200] = "Elasticsearch", [9300] = "Elasticsearch", [10250] = "kubelet", [11211] = "Memcached",
  [15672] = "RabbitMQ", [27017] = "MongoDB", [27018] = "MongoDB", [50000] = "DB2", [50070] = "HDFS", [61616] = "ActiveMQ",
}

--- What usually listens on a port ("PostgreSQL"); nil when nothing is known for it.
function net.service(port)
  return services[port]
end

return net
