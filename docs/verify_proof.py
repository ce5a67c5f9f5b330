"""Checks the proof of a payment without the service and without a network.

    python3 verify_proof.py proof.json public_key.pem

`proof.json` is the answer of GET /api/v1/transactions/{id}/proof; the key is the one the bank published. The script
needs the package cryptography for the signature alone.
"""

import json
import sys
from base64 import b64decode
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key


def root_of(proof: dict[str, Any]) -> str:
    leaf = proof["leaf"]
    digest = sha256(b"\x00" + leaf["kind"].encode() + b"\n" + leaf["content"].encode()).digest()
    for step in proof["path"]:
        neighbour = bytes.fromhex(step["hash"])
        both = neighbour + digest if step["side"] == "left" else digest + neighbour
        digest = sha256(b"\x01" + both).digest()
    return digest.hex()


def head_of(block: dict[str, Any]) -> str:
    told = [block[name] for name in ("number", "leaves", "root", "previous", "sealed_at", "is_late")]
    return sha256(b"\x02" + json.dumps(told, separators=(",", ":")).encode()).hexdigest()


def fault_of(proof: dict[str, Any], public_key: bytes) -> str | None:
    block = proof["block"]
    if "txn_" + json.loads(proof["leaf"]["content"])[0].replace("-", "") != proof["transaction_id"]:
        return "The sealed content is that of another payment."
    if root_of(proof) != block["root"]:
        return "The payment does not lead to the root of the block."
    if head_of(block) != block["head"]:
        return "The head of the block is not made of its root."
    key = load_pem_public_key(public_key)
    if not isinstance(key, Ed25519PublicKey):
        return "This is not an Ed25519 key."
    try:
        key.verify(b64decode(block["signature"]), f"sentinelstream block {block['number']} {block['head']}".encode())
    except InvalidSignature:
        return "The head was not signed with this key."
    return None


if __name__ == "__main__":
    proof, key = json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2]).read_bytes()
    if fault := fault_of(proof, key):
        sys.exit(fault)
    number = proof["block"]["number"]
    sys.stdout.write(f"{proof['transaction_id']} is sealed in block {number}, head {proof['block']['head']}.\n")
    sys.stdout.write("Compare the head with the one the bank told you of that block.\n")
