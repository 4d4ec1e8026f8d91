"""Models for the tests of reports, as bytes."""

import onnx_bytes as ob

# What would end a script element, begin a comment or become markup if a name were taken for anything but text.
HOSTILE = ['</script><script>document.title="owned"</script>', "<img src=x onerror=alert(1)>", "<!--<script>",
           "a'b\"c\\d&amp;", "line\nbreak\u2028separator", "\u202eright to left", "%7B%", "__proto__"]


def hostile():
    """A chain of nodes with such names."""
    nodes, value = [], "x"
    for i, name in enumerate(HOSTILE):
        nodes.append(ob.node("Tanh" if i % 2 else "Sigmoid", [value], [f"v{i}"], name))
        value = f"v{i}"
    return ob.model(nodes, [ob.value_info("x", [4])], [ob.value_info(value, [4])])


def large(blocks=2500):
    """Four nodes per block, in scopes of scopes: a sum over rows, and elementwise operations with a way around."""
    nodes, value = [], "x"
    for i in range(blocks):
        scope = f"/stage{i // 500}/layer{i // 20}/block{i}"
        nodes.append(ob.node("Softmax", [value], [f"s{i}"], scope + "/softmax"))
        nodes.append(ob.node("Exp" if i % 2 else "Tanh", [f"s{i}"], [f"e{i}"], scope + "/act"))
        nodes.append(ob.node("Add", [f"e{i}", value], [f"a{i}"], scope + "/add"))
        nodes.append(ob.node("Sigmoid", [f"a{i}"], [f"v{i}"], scope + "/gate"))
        value = f"v{i}"
    return ob.model(nodes, [ob.value_info("x", [2, 16])], [ob.value_info(value, [2, 16])])
