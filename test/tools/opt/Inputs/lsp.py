"""Speaks the language server protocol to tenon-lsp-server: opens a document, asks, prints what comes back."""
import json
import subprocess
import sys

TEXT = """\
func.func @main(%x: tensor<4x8xf32>) -> tensor<8x4xf32> {
  %0 = tn.exp %x : tensor<4x8xf32> -> tensor<4x8xf32>
  %1 = tn.transpose %0 [1, 0] : tensor<4x8xf32> -> tensor<8x4xf32>
  return %1 : tensor<8x4xf32>
}
"""
URI = "file:///model.mlir"


class Server:
    def __init__(self, program):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.number = 0

    def send(self, method, parameters, number=None):
        message = {"jsonrpc": "2.0", "method": method, "params": parameters}
        if number is not None:
            message["id"] = number
        body = json.dumps(message).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self.process.stdin.flush()

    def receive(self):
        length = 0
        while line := self.process.stdout.readline().strip():
            name, value = line.split(b":")
            if name.lower() == b"content-length":
                length = int(value)
        return json.loads(self.process.stdout.read(length))

    def request(self, method, parameters):
        self.number += 1
        self.send(method, parameters, self.number)
        while (message := self.receive()).get("id") != self.number:
            pass
        return message["result"]

    def diagnostics(self, text, version):
        """Opens or changes the document; what the server says about it."""
        if version == 1:
            self.send("textDocument/didOpen", {"textDocument": {"uri": URI, "languageId": "mlir", "version": 1, "text": text}})
        else:
            self.send("textDocument/didChange", {"textDocument": {"uri": URI, "version": version},
                                                 "contentChanges": [{"text": text}]})
        while (message := self.receive()).get("method") != "textDocument/publishDiagnostics":
            pass
        return [(d["range"]["start"]["line"], d["message"]) for d in message["params"]["diagnostics"]]


server = Server(sys.argv[1])
capabilities = server.request("initialize", {"processId": None, "rootUri": None, "capabilities": {}})["capabilities"]
print("hover", capabilities["hoverProvider"], "definition", capabilities["definitionProvider"])
server.send("initialized", {})
print("diagnostics", server.diagnostics(TEXT, 1))
at = {"textDocument": {"uri": URI}, "position": {"line": 2, "character": 21}}
definition = server.request("textDocument/definition", at)
print("definition in line", definition[0]["range"]["start"]["line"])
hover = server.request("textDocument/hover", {**at, "position": {"line": 1, "character": 8}})
print("hover", hover["contents"]["value"].replace("\n", " "))
print("broken", server.diagnostics(TEXT.replace("[1, 0]", "[1, 1]"), 2))
print("unknown", server.diagnostics(TEXT.replace("tn.exp", "tn.nonsense"), 3))
print("noise", len(server.diagnostics("\0\1{{{", 4)) > 0)
server.request("shutdown", None)
server.send("exit", None)
print("exit", server.process.wait(20))
