import JSON
import Testing

@Suite struct JSONTests {
    @Test("a document comes back byte for byte: key order, number texts and escapes")
    func roundTrip() throws {
        let text =
            #"{"b":1.0,"a":[1,-0,1e16,0.00001,12345678901234567890],"é":"\"\\\b\f\n\r\t\u0001/😀","n":null,"t":true}"#
        #expect(try JSONValue.parse(text).serialized() == text)
    }

    @Test("keys are compared by their bytes; a repeated key keeps its place and its last value")
    func keys() throws {
        let value = try JSONValue.parse(#"{"a":1,"caf\u00e9":2,"a":3,"cafe\u0301":4}"#)
        #expect(value.objectValue?.entries.map(\.key.utf8.count) == [1, 5, 6])
        #expect(value["a"]?.intValue == 3)
        var many = JSONObject()
        for index in 0..<100 { many["key\(index)"] = .init(index) }
        many.removeValue(forKey: "key50")
        #expect(many.count == 99 && many["key50"] == nil && many["key99"]?.intValue == 99)
        #expect(many.entries.map(\.key).first == "key0")
    }

    @Test("surrogates pair up, and lone ones are replaced")
    func surrogates() throws {
        #expect(try JSONValue.parse(#""\ud83d\ude00""#).stringValue == "😀")
        #expect(try JSONValue.parse(#""\ud83d""#).stringValue == "\u{FFFD}")
        #expect(try JSONValue.parse(#""\ud83dx\ude00\ud83d\u0041""#).stringValue == "\u{FFFD}x\u{FFFD}\u{FFFD}A")
    }

    @Test(
        "what is no JSON is refused with its place",
        arguments: [
            "", "{", "[1,]", "{\"a\"}", "{\"a\":}", "01", "1.", "-", "+1", ".5", "1e", "nul", "truefalse", "\"",
            "\"\\x\"",
            "\"\\u12g4\"", "\"\n\"", "[1 2]", "{a:1}", "1 2", "NaN", "'a'", "[", "\u{FEFF}1",
        ])
    func refusals(text: String) {
        #expect(throws: JSONError.self) { try JSONValue.parse(text) }
    }

    @Test("broken UTF-8, deep nesting and large documents are refused")
    func limits() {
        #expect(throws: JSONError.self) { try JSONValue.parse([0x22, 0xC3, 0x22]) }
        #expect(throws: JSONError.self) { try JSONValue.parse(String(repeating: "[", count: 100_000)) }
        #expect(throws: JSONError.self) {
            try JSONValue.parse("[1,2,3]", limits: JSONLimits(depth: 8, byteCount: 3))
        }
        #expect(throws: Never.self) {
            try JSONValue.parse(String(repeating: "[", count: 512) + String(repeating: "]", count: 512))
        }
    }

    @Test("integers are integers only when written so")
    func numbers() throws {
        #expect(try JSONValue.parse("1").intValue == 1)
        #expect(try JSONValue.parse("1.0").intValue == nil)
        #expect(try JSONValue.parse("1e2").doubleValue == 100)
        #expect(try JSONValue.parse("9223372036854775808").intValue == nil)
    }

    @Test(
        "doubles are written as serde_json writes them",
        arguments: zip(
            [
                1.0, 1e15, 1e16, 1e-5, 1.5e-6, -0.0, 18446744073709551616, 0.1, 123456.789, .leastNonzeroMagnitude,
                .greatestFiniteMagnitude,
            ],
            [
                "1.0", "1000000000000000.0", "1e16", "0.00001", "1.5e-6", "-0.0", "1.8446744073709552e19", "0.1",
                "123456.789", "5e-324", "1.7976931348623157e308",
            ]))
    func shortest(value: Double, text: String) {
        #expect(shortestDecimal(value) == text)
    }

    @Test("random bytes and mutated documents never trap")
    func fuzz() {
        var state: UInt64 = 7
        func random() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state >> 33
        }
        let seed = Array(#"{"a":[1.5e3,"x\u00e9\ud83d",null,{"b":false}],"c":"\\"}"#.utf8)
        for _ in 0..<5000 {
            var bytes = seed
            for _ in 0..<(1 + random() % 4) {
                let place = Int(random()) % bytes.count
                switch random() % 3 {
                case 0: bytes[place] = UInt8(truncatingIfNeeded: random())
                case 1: bytes.remove(at: place)
                default: bytes.insert(UInt8(truncatingIfNeeded: random()), at: place)
                }
            }
            if let value = try? JSONValue.parse(bytes) {
                #expect((try? JSONValue.parse(value.serialized())) == value)
            }
        }
    }
}
