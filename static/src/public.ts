// Pages for people who are not signed in: the same look and controls, without htmx and live events.
import "./styles/app.css";
import { startStimulus } from "./lib/stimulus";

startStimulus();
