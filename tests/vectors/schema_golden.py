#!/usr/bin/env python3
"""A second implementation of the formats of schema/FORMAT.md, written from the text and not from the
C code, that prints schema_golden.h. Not part of the build or the suite: run it by hand to check that
both agree (it must print the file as committed). Needs the `cryptography` package."""
import base64
import hashlib
import struct
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def pack(v):
    """Canonical MessagePack of None, bool, int, str, bytes, list, dict with small keys."""
    if v is None:
        return b"\xc0"
    if isinstance(v, bool):
        return b"\xc3" if v else b"\xc2"
    if isinstance(v, int):
        if 0 <= v < 128:
            return bytes([v])
        if v >= 0:
            for code, fmt, size in ((0xCC, ">B", 8), (0xCD, ">H", 16), (0xCE, ">I", 32), (0xCF, ">Q", 64)):
                if v < 1 << size:
                    return bytes([code]) + struct.pack(fmt, v)
        if v >= -32:
            return struct.pack(">b", v)
        for code, fmt, size in ((0xD0, ">b", 7), (0xD1, ">h", 15), (0xD2, ">i", 31), (0xD3, ">q", 63)):
            if v >= -(1 << size):
                return bytes([code]) + struct.pack(fmt, v)
    if isinstance(v, str):
        b = v.encode()
        if len(b) < 32:
            return bytes([0xA0 | len(b)]) + b
        return (bytes([0xD9, len(b)]) if len(b) < 256 else b"\xda" + struct.pack(">H", len(b))) + b
    if isinstance(v, bytes):
        return (bytes([0xC4, len(v)]) if len(v) < 256 else b"\xc5" + struct.pack(">H", len(v))) + v
    if isinstance(v, list):
        head = bytes([0x90 | len(v)]) if len(v) < 16 else b"\xdc" + struct.pack(">H", len(v))
        return head + b"".join(pack(x) for x in v)
    if isinstance(v, dict):
        assert len(v) < 16 and list(v) == sorted(v)
        return bytes([0x80 | len(v)]) + b"".join(pack(k) + pack(x) for k, x in v.items())
    raise TypeError(v)


def H(tag, *parts):
    return hashlib.blake2b(b"".join(parts), digest_size=32, person=b"fengsui/" + tag.encode()).digest()


class Key:
    def __init__(self, seed):
        self.sk = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed))
        self.pk = self.sk.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    def sign(self, context, *parts):
        return self.sk.sign(context.encode() + b"".join(parts))


def be64(v):
    return struct.pack(">Q", v)


# RFC 8032 tests 1 and 2, and Alice's public key of RFC 7748.
root = Key("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
author = Key("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
kx = bytes.fromhex("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a")

out = {}
out["root_pk"] = root.pk
out["author_pk"] = author.pk
out["kx_pk"] = kx
next_root = H("nextroot", author.pk)
genesis = pack([1, root.pk, next_root, 500118003, "南大街街道"])
net = H("net", genesis)
out["genesis"], out["net"] = genesis, net

scope, inc = 500118003206, 0x0123456789ABCDEF
key = [author.pk, scope, inc]
log = H("log", net, author.pk, be64(scope), be64(inc))
out["log_id"] = log

lamports = [7, 8, 300]
walls = [1735689600000, 1735689660000, 1735689655000]
chain, ids, payloads, headers, chains = log, [], [], [], []
for seq in range(3):
    if seq == 0:
        payload = [32, 1, None, b"", None, {1: 500118003206012, 3: "楼道堆放纸箱", 4: "A03", 7: 1,
                                            9: 293500000, 10: 1059000000, 11: 2}]
    elif seq == 1:
        payload = [37, 1, ids[0], ids[0], None, {3: "仍未清理", 19: True}]
    else:
        payload = [44, 1, ids[0], b"".join(sorted(ids)), bytes(range(16)),
                   {3: "已清理，复查合格", 17: ["照片 1", "照片 2"]}]
    p = pack(payload)
    header = pack([1, 1, seq, lamports[seq], walls[seq], H("payload", p), len(p)])
    chain = H("chain", chain, H("leaf", header))
    ids.append(chain[:16])
    payloads.append(p)
    headers.append(header)
    chains.append(chain)
for i in range(3):
    out[f"payload{i}"], out[f"header{i}"], out[f"chain{i}"] = payloads[i], headers[i], chains[i]


# An entry of a suite that nobody knows behind them; its payload is no payload of suite 1.
opaque = bytes(range(0xF0, 0x100))
suite_header = pack([1, 9, 3, 301, walls[2] + 1, H("payload", opaque), len(opaque)])
chains.append(H("chain", chains[2], H("leaf", suite_header)))
out["suite_header"], out["suite_chain"] = suite_header, chains[3]


def checkpoint(seq):
    return author.sign("fengsui/checkpoint/1", net, log, be64(seq), chains[seq])


out["checkpoint2"] = checkpoint(2)
head_item = H("head", log, be64(2), chains[2])
fingerprint = H("front", head_item, be64(1))[:16]
out["head_item"], out["fingerprint"] = head_item, fingerprint

# Frames, with their type byte; the batch is raw.
urgent = [key, 0, log, lamports[0], walls[0], payloads[0], checkpoint(0)]
head = [log[:8], 3, chains[2][:8]]
common = bytes(range(0x40, 0x50))
out["hello"] = b"\x01" + pack([1, 0, [1, 1, scope - 2], fingerprint, 1, common, [head], [urgent]])
out["hello_same"] = b"\x01" + pack([1, 0, [1], fingerprint, 1, True, [], []])
out["ranges"] = b"\x02" + pack([[b"\x20", 0], [b"\x80\x01", 1, fingerprint, 5], [b"", 2, False, [head]]])
run = [key, 0, [7, 1, 292], [walls[0], 60000, -5000], payloads, checkpoint(2)]
pruned = [0, 1, [8], [walls[1]], [[H("payload", payloads[1]), len(payloads[1])]], checkpoint(1)]
out["batch"] = pack([run, pruned])
out["urgent"] = b"\x04" + pack(urgent)
suites = [key, 2, [300, 1], [walls[2], 1], [payloads[2], opaque], checkpoint(3)]
out["suite_batch"] = pack([suites + [None, b"\x01\x09"], [0] + suites[1:] + [chains[1][:8], b"\x01\x09"]])
out["suite_urgent"] = b"\x04" + pack([key, 3, chains[2], 301, walls[2] + 1, opaque, checkpoint(3), 9])
out["ack"] = b"\x05" + pack([4096, [[0, 2], [1, 70000]]])
out["synced"] = b"\x06" + pack([fingerprint, 1])
out["fork"] = b"\x07" + pack([key, [1, chains[1], checkpoint(1)], [2, chains[2], checkpoint(2)]])
out["bye"] = b"\x08" + pack([23, "another space"])

cert = {2: "王网格员", 21: 1, 32: author.pk, 33: kx, 34: 2, 35: 8, 36: [500118003206012],
        37: walls[0], 39: H("person", author.pk)[:16]}
out["cert_pop"] = author.sign("fengsui/cert-pop/1", net, pack(cert))
cert[40] = out["cert_pop"]
out["cert"] = pack(cert)

since = walls[0]
policies = {"clear": {2: "clear.pass.2", 3: "试行", 16: 3, 32: since, 33: 0x43},
            "write": {2: "write.place", 32: since, 33: 0x1F},
            "number": {2: "second-from", 32: since, 34: 1},
            "role": {2: "role.chief", 32: since, 35: 2, 36: "片长", 37: "Area chief", 38: "AC"}}
for k, v in policies.items():
    out["policy_" + k] = pack([5, 1, None, b"", None, v])

gate, secret = bytes(range(0x60, 0x70)), bytes(range(0x70, 0x80))
invite = (b"\x01" + net + kx + gate + secret + struct.pack(">HQI", 0x108, 500118003206, 1735776000)
          + bytes([4, 192, 168, 1, 20]) + struct.pack(">H", 7117))
out["invite"] = invite
text = "fs1-" + base64.urlsafe_b64encode(invite).decode().rstrip("=") \
    + base64.urlsafe_b64encode(H("invite", invite)[:3]).decode()
invite_id = H("invite", secret)[:16]
out["invite_id"] = invite_id
out["invite_psk"] = H("invite", secret, b"psk")
name = "黄瓜山村节点"
pop = author.sign("fengsui/join/1", net, invite_id, kx, name.encode())
out["join_request"] = pack([1, invite_id, author.pk, kx, name, pop])
out["join_answer"] = pack([1, genesis, root.pk])

# A bundle: head and box (of made-up bytes), the frames that stand only in files, the running sum.
bundle_set = bytes(range(0x80, 0x90))
bundle_head = b"FSB1\x01\x01" + struct.pack(">HQ", 2, walls[2]) + bundle_set + net[:8] + struct.pack(">H", 1)
bundle_box = bytes(range(80))
out["bundle_head"] = bundle_head
bundle_sum = H("bundle", bundle_head, bundle_box)
out["bundle_bind"] = bundle_sum
frames = [("manifest", b"\x40" + pack([net, author.pk, walls[2], bundle_set, 2, 1, [1, scope - 1], 1])),
          ("heads", b"\x41" + pack([head])), ("mark", None),
          ("end", b"\x43" + pack([0, 0, 0, False])), ("end_mark", None)]
for k, f in frames:
    if f is None:
        f = b"\x42" + pack(author.sign("fengsui/bundle/1", bundle_sum))
    else:
        bundle_sum = H("bundle", bundle_sum, f)
    out["bundle_" + k] = f

print("""/* Pinned bytes of the formats (schema/FORMAT.md). Printed by schema_golden.py, a second
 * implementation; reviewed, and never changed to make a test pass: a format that gives other
 * bytes is another format. Keys: RFC 8032 tests 1 (root) and 2 (author), RFC 7748 Alice. */
#ifndef TESTS_VECTORS_SCHEMA_GOLDEN_H
#define TESTS_VECTORS_SCHEMA_GOLDEN_H

/* clang-format off */""")
for k, v in out.items():
    h = v.hex()
    lines = [h[i:i + 92] for i in range(0, len(h), 92)]
    print(f"static const char golden_{k}[] =")
    print("\n".join(f'    "{line}"' for line in lines) + ";")
print("static const char golden_invite_text[] =")
print("\n".join(f'    "{text[i:i + 92]}"' for i in range(0, len(text), 92)) + ";")
print("\n#endif")
