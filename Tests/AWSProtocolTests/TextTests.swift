import Testing

@testable import AWSProtocol

@Suite struct TextTests {
    @Test("base64 and hexadecimal digits give back what they were made from")
    func roundTrips() {
        var random = SeededGenerator(state: 4)
        for count in 0..<70 {
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            #expect(Base64.decode(Base64.encode(bytes)) == bytes)
            #expect(Hexadecimal.decode(Hexadecimal.encode(bytes)) == bytes)
            #expect(Hexadecimal.decode(Hexadecimal.encode(bytes).uppercased()) == bytes)
        }
        #expect(Base64.encode([0, 1, 2, 255]) == "AAEC/w==")
    }

    @Test(
        "what is no base64 is refused",
        arguments: ["A", "AA", "AAA", "A===", "====", "AA=A", "AAB=", "AB==", "AA\n=", "AA==AAAA"])
    func wrongBase64(_ text: String) {
        #expect(Base64.decode(text) == nil)
    }

    @Test("percent-encoding leaves unreserved characters and, if told, slashes")
    func percentEncoding() {
        #expect(PercentEncoding.encode("aZ09-._~ /ß") == "aZ09-._~%20%2F%C3%9F")
        #expect(PercentEncoding.encode("a/b c", keepingSlashes: true) == "a/b%20c")
        #expect(PercentEncoding.decode("a%2fb%C3%9F+%zz%4".utf8) == Array("a/bß+%zz%4".utf8))
    }

    @Test("instants are written in three ways and read in two")
    func dates() {
        #expect(DateText.basic(1_369_353_600) == "20130524T000000Z")
        #expect(DateText.extended(951_782_399, milliseconds: 7) == "2000-02-28T23:59:59.007Z")
        #expect(DateText.http(951_782_400) == "Tue, 29 Feb 2000 00:00:00 GMT")
        #expect(DateText.basic(-1) == "19691231T235959Z")
        #expect(DateText.basic(.min) == "00010101T000000Z")
        #expect(DateText.basic(.max) == "99991231T235959Z")
        var random = SeededGenerator(state: 5)
        for _ in 0..<2_000 {
            let seconds = Int.random(in: -62_135_596_800...253_402_300_799, using: &random)
            #expect(DateText.parseBasic(DateText.basic(seconds)) == seconds)
            #expect(DateText.parseHTTP(DateText.http(seconds)) == seconds)
        }
        #expect(DateText.parseHTTP("Sat, 04 Mar 2079 22:32:58 -0000") == 3_445_194_778)
    }

    @Test(
        "days that do not exist and other texts are refused",
        arguments: [
            "20260229T000000Z", "20261301T000000Z", "20260100T000000Z", "20260101T240000Z", "20260101 000000Z",
            "2026010AT000000Z", "",
        ])
    func wrongDates(_ text: String) {
        #expect(DateText.parseBasic(text) == nil)
        #expect(DateText.parseHTTP("Sat, 30 Feb 2026 00:00:00 GMT") == nil)
        #expect(DateText.parseHTTP(text) == nil)
    }
}
