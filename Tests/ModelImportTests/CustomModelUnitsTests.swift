import ModelLibrary
import Testing

@Suite struct CustomModelUnitsTests {
    @Test(
        "a unit is 16 GB begun, and a copy takes at least one",
        arguments: [
            (0, 1), (1, 1), (16_000_000_000, 1), (16_000_000_001, 2), (41_800_000_000, 3), (Int.max, 576_460_753),
        ])
    func units(bytes: Int, units: Int) { #expect(CustomModelUnits.perCopy(artifactByteCount: bytes) == units) }
}
