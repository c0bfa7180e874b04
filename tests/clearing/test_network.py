"""What the solver stands on: changing a solved network, the order of its nodes, bounds, compiling."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.clearing.compiled import compiled
from matcher.clearing.solver import network as network_module
from matcher.clearing.solver import spanning
from matcher.clearing.solver.locality import near_each_other
from matcher.clearing.solver.network import Network
from tests.clearing.instances import Instance, best_gain, instances


@settings(max_examples=300)
@given(instances(), st.data())
def test_a_network_that_is_limited_and_added_to_reaches_the_new_optimum(
    instance: Instance, data: st.DataObject
) -> None:
    count = len(instance.gain)
    first = data.draw(st.integers(0, count))
    network = Network(instance.supply, instance.demand)
    network.add(instance.lot[:first], instance.buyer[:first], instance.gain[:first])
    network.solve()
    room = np.full(count, 1 << 40)
    if first:
        for arc in data.draw(st.lists(st.integers(0, first - 1), max_size=6)):
            room[arc] = min(room[arc], data.draw(st.integers(0, int(network.taken[arc]))))
            network.limit(np.array([arc]), room[[arc]])
            if data.draw(st.booleans()):
                network.solve()
    network.add(instance.lot[first:], instance.buyer[first:], instance.gain[first:])
    network.solve()
    taken = network.taken
    assert (taken <= room).all()
    assert int((taken * instance.gain).sum()) == best_gain(instance, room)


@given(instances(), st.data())
def test_rooms_given_from_the_start_are_kept(instance: Instance, data: st.DataObject) -> None:
    room = np.array([data.draw(st.integers(0, 20)) for _ in instance.gain], np.int64)
    network = Network(instance.supply, instance.demand)
    network.add(instance.lot, instance.buyer, instance.gain, room)
    network.solve()
    assert (network.taken <= room).all()
    assert int((network.taken * instance.gain).sum()) == best_gain(instance, room)


@given(instances())
def test_the_order_of_nodes_holds_each_once_and_arcs_by_their_lots(instance: Instance) -> None:
    lots, demands = len(instance.supply), len(instance.demand)
    order = near_each_other(instance.lot, instance.buyer, lots, demands)
    assert sorted(order.lots.tolist()) == list(range(lots))
    assert sorted(order.demands.tolist()) == list(range(demands))
    assert sorted(order.arcs.tolist()) == list(range(len(instance.gain)))
    place = np.argsort(order.lots)
    assert (np.diff(place[instance.lot[order.arcs]]) >= 0).all()


@pytest.mark.parametrize(("change", "within"), [(5, True), (spanning.MOST_POTENTIAL, False)])
def test_potentials_that_leave_60_bits_are_noticed(change: int, within: bool) -> None:
    tree = spanning.bare(3)
    spanning.plant(tree, np.array([4, 4]), 1)
    assert spanning.shift(tree, 0, change) is within
    assert spanning.shift(tree, 1, -change) is within
    assert tree.potential.tolist() == [change, -change, 0]


@settings(max_examples=200)
@given(instances())
def test_all_that_is_below_a_node_comes_right_after_it_in_the_walk(instance: Instance) -> None:
    network = Network(instance.supply, instance.demand)
    network.add(instance.lot, instance.buyer, instance.gain)
    network.solve()
    tree = network.basis[1]
    parents, sizes = tree.shape["parent"].tolist(), tree.shape["size"].tolist()
    walk = [len(parents) - 1]
    while tree.thread[walk[-1]] != walk[0]:
        walk.append(int(tree.thread[walk[-1]]))
        assert tree.back[walk[-1]] == walk[-2]
    assert sorted(walk) == list(range(len(parents)))
    for place, node in enumerate(walk):
        below, others = walk[place + 1 : place + sizes[node]], walk[:place] + walk[place + sizes[node] :]
        assert tree.last[node] == walk[place + sizes[node] - 1]
        assert all(parents[each] in (node, *below) for each in below)
        assert not any(parents[each] in (node, *below) for each in others)


def test_a_function_whose_machine_code_cannot_be_kept_is_compiled_all_the_same() -> None:
    scope: dict[str, Any] = {}
    exec("def twice(number):\n    return 2 * number\n", scope)  # noqa: S102  # of no file, so of no cache
    assert compiled(scope["twice"])(21) == 42


@settings(max_examples=200)
@given(instances(), st.data())
def test_nodes_that_are_numbered_anew_on_the_way_change_nothing_but_the_way(
    instance: Instance, data: st.DataObject
) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(network_module, "PIVOTS", data.draw(st.integers(1, 4)))
        network = Network(instance.supply, instance.demand)
        network.add(instance.lot, instance.buyer, instance.gain)
        network.solve()
        room = np.full(len(instance.gain), 1 << 40)
        if len(room):
            arc = data.draw(st.integers(0, len(room) - 1))
            room[arc] = network.taken[arc] // 2
            network.limit(np.array([arc]), room[[arc]])
            network.solve()
    taken = network.taken
    assert (taken <= room).all()
    assert int((taken * instance.gain).sum()) == best_gain(instance, room)
    prices = network.lot_price[instance.lot] + network.demand_price[instance.buyer]
    assert (prices >= instance.gain)[taken < room].all()
