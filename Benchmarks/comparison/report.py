"""The comparison as a section of the results file."""

from .results import shown_spread, table


def markdown(record):
    """The section's text."""
    names = list(record["peers"])
    measured = [name for name in names if "unavailable" not in record["peers"][name]]
    parts = [header(record), "```\n" + record["command"] + "\n```"]
    if measured:
        first = measured[0]
        columns = ["", *measured, *(f"{first} ÷ {name}" for name in measured[1:])]
        parts.append(table(columns, [line(row, measured, record) for row in record["figures"]]))
        parts.append(
            f"Ratios are formed repetition by repetition and above 1 where {first} is better, whatever the figure's direction. "
            "`%` is the share (median) of the read bandwidth measured just before and after (decode: what a step needs of "
            "weights in the peer's own format, experts distinct as random routing makes them, and of half-float keys and "
            "values) or of the matrix rate (prefill) that is reached.")
    parts.append("\n".join(
        f"- `{row['name']}` ({row['unit']}): {row['meaning']}" for row in record["figures"]))
    parts.append("\n".join(
        f"- **{name}**: " + (f"not measured: {peer['unavailable']}" if "unavailable" in peer
                             else f"{peer.get('version', 'version unknown')}; {peer['weights']}")
        for name, peer in record["peers"].items()))
    missing = [
        f"- {name}, `{row['name']}`: {row['results'][name]['note']}"
        for row in record["figures"] for name in measured if "note" in row["results"][name]]
    if missing:
        parts.append("Not measured:\n\n" + "\n".join(missing))
    return "\n\n".join(parts)


def header(record):
    machine, limits = record["machine"], record["limits"]
    text = (
        f"{record['date']}. {machine['processors']} × {machine['processor']} ({machine['family']}; "
        f"{', '.join(machine['instructions'])}), {machine['memory_bytes'] / 2**30:.0f} GiB, {machine['system']}; "
        f"{record['threads']} threads. Read bandwidth {shown_spread(limits['read_bandwidth'], 1e9)} GB/s, matrix rate "
        f"{shown_spread(limits['matrix_rate'], 1e9)} GFLOP/s ({record['instruction_set']}). "
        f"{record['repetitions_done']} of {record['repetitions']} repetitions, peers in alternation; "
        f"others used {record['busy_before']:.0%} of the machine just before.")
    if record["interrupted"]:
        text += " **Interrupted: these results are partial.**"
    return text


def line(row, measured, record):
    cells = [f"`{row['name']}` {row['unit']}"]
    for name in measured:
        cell = shown_spread(row["results"][name])
        share = row["results"][name].get("share")
        cells.append(cell if share is None else f"{cell} {share['median']:.0%}")
    cells += [shown_ratio(row["ratios"].get(name)) for name in measured[1:]]
    return cells


def shown_ratio(ratio):
    if ratio is None:
        return "–"
    return f"**{ratio['median']:.2f}** ({ratio['min']:.2f}–{ratio['max']:.2f})"


def print_table(record):
    """The table for the terminal."""
    measured = [name for name, peer in record["peers"].items() if "unavailable" not in peer]
    lines = [["", *measured, *(f"{measured[0]}/{name}" for name in measured[1:])]] if measured else []
    for row in record["figures"] if measured else []:
        lines.append([cell.replace("`", "").replace("*", "") for cell in line(row, measured, record)])
    widths = [max(len(cells[column]) for cells in lines) for column in range(len(lines[0]))] if lines else []
    for cells in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(cells, widths)).rstrip())
