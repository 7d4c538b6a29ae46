import "./styles/app.css";
import { startHtmx } from "./lib/htmx";
import { startStimulus } from "./lib/stimulus";

startHtmx();
startStimulus();
