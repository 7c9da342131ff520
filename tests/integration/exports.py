"""Exports of snapshots, read and made (docs/internals/store.md, "One snapshot as a file"): for tests that forge them. zstd is libzstd's own."""
import ctypes, hashlib, json

zstd = ctypes.CDLL("libzstd.so.1")
for name in ("ZSTD_compressBound", "ZSTD_compress", "ZSTD_decompress"):
    getattr(zstd, name).restype = ctypes.c_size_t


def pack(text):
    out = ctypes.create_string_buffer(zstd.ZSTD_compressBound(ctypes.c_size_t(len(text))))
    n = zstd.ZSTD_compress(out, ctypes.c_size_t(len(out)), text, ctypes.c_size_t(len(text)), 3)
    return out.raw[:n]


def unpack(packed, size):
    out = ctypes.create_string_buffer(size)
    n = zstd.ZSTD_decompress(out, ctypes.c_size_t(size), packed, ctypes.c_size_t(len(packed)))
    if n != size:
        raise ValueError("%d bytes, not %d" % (n, size))
    return out.raw[:n]


def line(row):
    return json.dumps(row, sort_keys=True, separators=(",", ":")).encode() + b"\n"


def split(data):
    """(header, [(line, text)], ends): the rows, what is packed, and where each frame ends in the file."""
    magic, header, rest = data.split(b"\n", 2)
    assert magic == b"moonward-snapshot/2", magic
    frames, ends, at = [], [len(data) - len(rest)], len(data) - len(rest)
    while True:
        end = data.index(b"\n", at)
        row = json.loads(data[at:end])
        if "seal" in row:
            return json.loads(header), frames, ends
        at = end + 1 + row["packed"]
        frames.append((row, unpack(data[end + 1:at], row["bytes"])))
        ends.append(at)


def make(header, frames):
    """A file whose lengths, hashes and seal are right, whatever its rows and texts say."""
    out, seal = b"", b"\0" * 32

    def add(text):
        nonlocal out, seal
        seal, out = hashlib.sha256(seal + text[:-1]).digest(), out + text
    add(b"moonward-snapshot/2\n")
    add(line(header))
    for row, text in frames:
        packed = pack(text)
        add(line(dict(row, bytes=len(text), packed=len(packed), sha256=hashlib.sha256(packed).hexdigest())))
        out += packed
    add(line({"seal": seal.hex()}))
    return out


def version_1(header, frames):
    """What the first version wrote of a snapshot in one piece."""
    whole = dict(json.loads(frames[0][1]), now=header["taken_at"], worlds=[json.loads(frames[1][1])])
    text = json.dumps(whole, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    packed = pack(text)
    row = {k: header[k] for k in ("digest", "id", "taken_at")}
    return b"moonward-snapshot/1\n" + line(dict(row, bytes=len(text), packed=len(packed), sha256=hashlib.sha256(packed).hexdigest())) + packed


def digest_of_parts(frames):
    return hashlib.sha256("".join("%s %s\n" % (row["account"], row["digest"]) for row, _ in frames[1:]).encode()).hexdigest()
