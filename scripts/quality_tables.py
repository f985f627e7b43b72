def report(rows, before):
    yield ""
